/*
 * attribute_private.h - what the files of attribute values share.
 */
#ifndef DYNAMO_ATTRIBUTE_PRIVATE_H
#define DYNAMO_ATTRIBUTE_PRIVATE_H

#include "model/attribute_value.h"

/* The type of the elements of a set. */
#define SET_ELEMENT_TYPE(t)	((AttrType) ((t) - ATTR_SS + ATTR_S))

StaticAssertDecl(ATTR_NS - ATTR_SS == ATTR_N - ATTR_S &&
				 ATTR_BS - ATTR_SS == ATTR_B - ATTR_S,
				 "sets must be in the order of their elements");

/*
 * Order of two canonical base64 strings by the bytes they stand for, without
 * allocating.
 */
extern int	base64_compare(const char *a, uint32 a_len,
						   const char *b, uint32 b_len);

/*
 * Order of two values of type S (in stored form, by their original bytes), N
 * (canonical) or B (likewise).  Does not allocate.
 */
extern int	attr_compare_scalars(AttrType type, const char *a, uint32 a_len,
								 const char *b, uint32 b_len);

#endif							/* DYNAMO_ATTRIBUTE_PRIVATE_H */
