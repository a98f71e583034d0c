/*
 * decoder.h - what has been committed, read through a slot of this library's
 * output plugin.
 *
 * Beginning to decode is dear: the WAL is read again from the slot's restart
 * point.  A decoder that is kept goes on where it was.  Meanwhile the slot is
 * in use, which keeps it from being dropped, and with it the database.
 *
 * After an error nothing can be done with a decoder any more: whoever handles
 * the error has to release the slot, once the transaction has been rolled back,
 * and, if the decoder was to be kept, to end the process.
 */
#ifndef DYNAMO_DECODER_H
#define DYNAMO_DECODER_H

#include "access/xlogdefs.h"

typedef struct Decoder Decoder;

/*
 * Take the slot and begin to decode the commits from `start` on; all before it
 * is stored and flushed.  In a transaction, for it or, if the decoder is to be
 * kept, for later ones, too; it lives in the current memory context.  Raises an
 * error if the slot is in use or its WAL has been removed.
 */
extern Decoder *decoder_open(const char *slot, XLogRecPtr start, bool keep);

/*
 * Read until `end`, or until there are many records; a transaction is always
 * read as a whole.  In a transaction or outside of any, which does not hold up
 * VACUUM.  False: the end has not been reached.
 */
extern bool decoder_read(Decoder *decoder, XLogRecPtr end);

/* The next of the records that were read last, a line of JSON, until the next call; NULL: no more. */
extern const char *decoder_next(Decoder *decoder, int *len);

/* All commits before this have been read. */
extern XLogRecPtr decoder_position(const Decoder *decoder);

/* All before lsn is stored and flushed: its WAL is not needed any more. */
extern void decoder_confirm(Decoder *decoder, XLogRecPtr lsn);

/* Give the slot back. */
extern void decoder_close(Decoder *decoder);

#endif							/* DYNAMO_DECODER_H */
