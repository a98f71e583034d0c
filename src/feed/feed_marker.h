/*
 * feed_marker.h - transactional logical messages that the output plugin heeds.
 *
 * A deletion between the two of them, in the transaction that has emitted
 * them, is the service's: its record gets the service's userIdentity.
 */
#ifndef DYNAMO_FEED_MARKER_H
#define DYNAMO_FEED_MARKER_H

#define FEED_MARKER_PREFIX		"dynamo"
#define FEED_MARKER_EXPIRY		"ttl"
#define FEED_MARKER_EXPIRY_END	"ttl-end"

#endif							/* DYNAMO_FEED_MARKER_H */
