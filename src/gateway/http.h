/*
 * http.h - the HTTP server: requests in, responses out.
 *
 * Requests that are too large are refused here; about all others request.c
 * decides.
 */
#ifndef GATEWAY_HTTP_H
#define GATEWAY_HTTP_H

#include <stdbool.h>

#include <event2/event.h>
#include <event2/http.h>

/* Bytes of a request's body at most, also after decompression. */
#define BODY_MAX	(16 * 1024 * 1024)

/* Bytes of the request line and the headers at most. */
#define HEADERS_MAX	(16 * 1024)

/* Listen as the settings say.  On false, *error is for the caller to free. */
extern bool http_start(struct event_base *base, char **error);

/*
 * Read certificate and key again.  On false, *error says why, and the old ones
 * stay in use.
 */
extern bool http_reload(char **error);

/* Send a response whose headers and body are in place. */
extern void http_send(struct evhttp_request *req, int status, const char *reason);

/* Accept no further connections, and close each after its next response. */
extern void http_drain(void);

/* Requests that have been read and not been answered to the last byte. */
extern int	http_active(void);

/* Connections on which something has been received. */
extern int	http_connections(void);

extern void http_stop(void);

#endif							/* GATEWAY_HTTP_H */
