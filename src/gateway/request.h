/*
 * request.h - what happens to a request between HTTP and the database.
 */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include <event2/http.h>

/* Work on a request that has been read; it is answered now or later. */
extern void request_start(struct evhttp_request *req);

#endif							/* GATEWAY_REQUEST_H */
