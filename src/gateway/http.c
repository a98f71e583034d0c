/*
 * http.c - the HTTP server, on libevent's evhttp.
 *
 * evhttp's timeouts are for connections on which nothing moves.  They do not
 * cover a client that sends or takes a byte now and then, and they would end a
 * connection whose request takes long in the database.  So they only serve
 * until a connection has sent something; after that the time of every request
 * and every response is watched here, in a table of connections by file
 * descriptor.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/listener.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "config.h"
#include "http.h"
#include "log.h"
#include "metrics.h"
#include "request.h"
#include "util.h"

#define BACKLOG		1024

/* Bytes that are read of a connection while its request is worked on. */
#define READ_AHEAD	(128 * 1024)

typedef enum ClientState
{
	CLIENT_IDLE,
	CLIENT_READING,				/* part of a request has arrived */
	CLIENT_BUSY,				/* its request is being worked on */
	CLIENT_WRITING				/* its response is being sent */
} ClientState;

typedef struct Client
{
	struct evhttp_connection *evcon;	/* NULL: no such connection */
	ClientState state;
	int64_t		since;			/* now_us() when it came to this state */
} Client;

static struct event_base *event_base;
static struct evhttp *server;
static struct evhttp_bound_socket **sockets;
static size_t nsockets;
static SSL_CTX *tls;
static struct event *sweep_timer;
static bool draining;
static bool in_callback;		/* evhttp is on the stack */
static Client *clients;			/* by file descriptor */
static int	clients_size;
static int	nclients;

/* ---- clients ---- */

/* The entry of a request's connection; NULL if the client is gone. */
static Client *
client_of(struct evhttp_request *req)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);
	int			fd;

	if (evcon == NULL)
		return NULL;
	fd = (int) bufferevent_getfd(evhttp_connection_get_bufferevent(evcon));
	return fd >= 0 && fd < clients_size && clients[fd].evcon == evcon ?
		&clients[fd] : NULL;
}

static void
set_state(Client *client, ClientState state)
{
	if (client == NULL)
		return;
	client->state = state;
	client->since = now_us();
}

static void
on_close(struct evhttp_connection *evcon, void *arg)
{
	Client	   *client = &clients[(intptr_t) arg];

	if (client->evcon != evcon)
		return;
	client->evcon = NULL;
	nclients--;
}

/* Bytes have arrived on a connection, perhaps its first. */
static void
on_input(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
	struct bufferevent *bev = arg;
	int			fd = (int) bufferevent_getfd(bev);
	Client	   *client;

	(void) buffer;
	if (info->n_added == 0 || fd < 0)
		return;
	if (fd >= clients_size)
	{
		int			size = clients_size ? clients_size : 64;

		while (size <= fd)
			size *= 2;
		clients = xrealloc(clients, (size_t) size * sizeof(Client));
		memset(clients + clients_size, 0,
			   (size_t) (size - clients_size) * sizeof(Client));
		clients_size = size;
	}
	client = &clients[fd];
	if (client->evcon == NULL)
	{
		int			on = 1;
		void	   *evcon;

		/* evhttp's callbacks have the connection as their argument */
		bufferevent_getcb(bev, NULL, NULL, NULL, &evcon);
		client->evcon = evcon;
		client->state = CLIENT_IDLE;
		nclients++;
		evhttp_connection_set_closecb(client->evcon, on_close, (void *) (intptr_t) fd);
		bufferevent_set_timeouts(bev, NULL, NULL);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	if (client->state == CLIENT_IDLE)
		set_state(client, CLIENT_READING);
}

/* Has a client been in its state for too long? */
static bool
is_slow(const Client *client, int64_t now)
{
	int			limit = client->state == CLIENT_IDLE ? config.idle_timeout :
	config.client_timeout;

	return client->evcon != NULL && client->state != CLIENT_BUSY &&
		now - client->since > (int64_t) limit * 1000000;
}

/* Close connections that have been idle, or at a request, for too long. */
static void
sweep(evutil_socket_t unused, short events, void *arg)
{
	int64_t		now = now_us();

	(void) unused;
	(void) events;
	(void) arg;
	for (int fd = 0; fd < clients_size; fd++)
	{
		if (!is_slow(&clients[fd], now))
			continue;
		if (clients[fd].state != CLIENT_IDLE)
			metrics_count(METRICS_CLIENTS_TIMED_OUT);
		evhttp_connection_free(clients[fd].evcon);
	}
}

/* The last byte of a response has been handed to the kernel. */
static void
on_complete(struct evhttp_request *req, void *arg)
{
	Client	   *client = client_of(req);
	struct bufferevent *bev;

	(void) arg;
	if (client == NULL)
		return;
	bev = evhttp_connection_get_bufferevent(client->evcon);
	bufferevent_setwatermark(bev, EV_READ, 0, 0);
	set_state(client, evbuffer_get_length(bufferevent_get_input(bev)) > 0 ?
			  CLIENT_READING : CLIENT_IDLE);
}

static bufferevent_event_cb evhttp_event_cb;

/*
 * Something has happened to a connection whose request is worked on.  A client
 * that has closed its side may still wait for the response; evhttp sees the end
 * again when it reads the next request.
 */
static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	if ((what & BEV_EVENT_EOF) && (what & BEV_EVENT_READING))
		bufferevent_disable(bev, EV_READ);
	else
		evhttp_event_cb(bev, what, arg);
}

/*
 * Go on watching a connection while its request is worked on, as evhttp does
 * while it writes: without a callback for what is read.  evhttp would take the
 * descriptor out of the event loop, and put it in again for the response.
 */
static void
keep_watching(struct evhttp_request *req)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);
	bufferevent_data_cb write_cb;
	bufferevent_event_cb event_cb;
	void	   *arg;

	bufferevent_getcb(bev, NULL, &write_cb, &event_cb, &arg);
	if (event_cb != on_event)
		evhttp_event_cb = event_cb;
	bufferevent_setcb(bev, NULL, write_cb, on_event, arg);
	/* Not before: evhttp waits for a whole body to be in the buffer */
	bufferevent_setwatermark(bev, EV_READ, 0, READ_AHEAD);
	bufferevent_enable(bev, EV_READ);
}

/*
 * Write a response at once, rather than when the event loop has found that it
 * can be written.  What the kernel does not take is left to the event loop, and
 * so is a connection that speaks TLS, whatever the settings say by now.
 */
static void
write_now(struct evhttp_connection *evcon)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);
	struct evbuffer *output = bufferevent_get_output(bev);
	bufferevent_data_cb write_cb;
	void	   *arg;

	if (bufferevent_openssl_get_ssl(bev) != NULL)
		return;
	evbuffer_unfreeze(output, 1);
	while (evbuffer_get_length(output) > 0 &&
		   evbuffer_write(output, bufferevent_getfd(bev)) > 0)
		;
	evbuffer_freeze(output, 1);
	if (evbuffer_get_length(output) > 0)
		return;
	bufferevent_getcb(bev, NULL, &write_cb, NULL, &arg);
	write_cb(bev, arg);
}

/* A whole request has been read. */
static void
on_request(struct evhttp_request *req, void *arg)
{
	(void) arg;
	set_state(client_of(req), CLIENT_BUSY);
	evhttp_request_set_on_complete_cb(req, on_complete, NULL);
	/* evhttp takes odd versions, and would answer with them */
	if (req->major != 1 || req->minor < 0)
		req->major = 1, req->minor = 0;
	else if (req->minor > 1)
		req->minor = 1;
	keep_watching(req);
	in_callback = true;
	request_start(req);
	in_callback = false;
}

void
http_send(struct evhttp_request *req, int status, const char *reason)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);

	set_state(client_of(req), CLIENT_WRITING);
	if (draining)
		evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
	evhttp_send_reply(req, status, reason, NULL);
	if (evcon != NULL && !in_callback)
		write_now(evcon);
}

/* ---- TLS ---- */

/* The text of OpenSSL's last error. */
static char *
tls_error(const char *what)
{
	char		text[256];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	ERR_clear_error();
	return format("%s: %s", what, text);
}

/* Set up TLS as the settings say; *ctx is NULL without it. */
static bool
load_tls(SSL_CTX **ctx, char **error)
{
	*ctx = NULL;
	if (*config.tls_cert == '\0')
		return true;
	*ctx = SSL_CTX_new(TLS_server_method());
	if (*ctx == NULL || SSL_CTX_set_min_proto_version(*ctx, TLS1_2_VERSION) != 1)
		*error = tls_error("TLS");
	else if (SSL_CTX_use_certificate_chain_file(*ctx, config.tls_cert) != 1)
		*error = tls_error(config.tls_cert);
	else if (SSL_CTX_use_PrivateKey_file(*ctx, config.tls_key, SSL_FILETYPE_PEM) != 1 ||
			 SSL_CTX_check_private_key(*ctx) != 1)
		*error = tls_error(config.tls_key);
	else
		return true;
	SSL_CTX_free(*ctx);
	*ctx = NULL;
	return false;
}

/* Make what a connection reads from and writes to. */
static struct bufferevent *
make_bufferevent(struct event_base *base, void *arg)
{
	struct bufferevent *bev;
	SSL		   *ssl;

	(void) arg;
	if (tls == NULL)
		bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	else
	{
		ssl = SSL_new(tls);
		if (ssl == NULL)
			return NULL;
		bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
											 BEV_OPT_CLOSE_ON_FREE);
		if (bev != NULL)
			bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	}
	if (bev != NULL)
		evbuffer_add_cb(bufferevent_get_input(bev), on_input, bev);
	return bev;
}

/* ---- listening ---- */

/* Accept again after a pause. */
static void
resume_accepting(evutil_socket_t unused, short events, void *arg)
{
	(void) unused;
	(void) events;
	if (!draining)
		evconnlistener_enable(arg);
}

/* There is no file descriptor left, or the like: wait for better times. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct timeval pause = {0, 100000};

	(void) arg;
	log_write(LOG_WARN, "could not accept a connection", "error:s", strerror(errno));
	evconnlistener_disable(listener);
	event_base_once(event_base, -1, EV_TIMEOUT, resume_accepting, listener, &pause);
}

/* The port that a socket is bound to. */
static int
bound_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t	len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *) &address, &len) != 0)
		return 0;
	return ntohs(address.ss_family == AF_INET6 ?
				 ((struct sockaddr_in6 *) &address)->sin6_port :
				 ((struct sockaddr_in *) &address)->sin_port);
}

/* Listen on one address:port; an IPv6 address stands in brackets. */
static bool
listen_on(const char *text, char **error)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE,.ai_socktype = SOCK_STREAM};
	struct addrinfo *addresses;
	char	   *host = xstrdup(text);
	char	   *port = strrchr(host, ':');
	char	   *name = host;
	size_t		len;
	int			status = EAI_NONAME;
	bool		ok = false;

	if (port != NULL)
	{
		*port++ = '\0';
		len = strlen(name);
		if (*name == '[' && name[len - 1] == ']')
		{
			name[len - 1] = '\0';
			name++;
		}
		status = getaddrinfo(*name == '\0' || strcmp(name, "*") == 0 ? NULL : name,
							 port, &hints, &addresses);
	}
	if (status != 0)
	{
		*error = format("listen: \"%s\" is not address:port (%s)", text, gai_strerror(status));
		free(host);
		return false;
	}
	for (struct addrinfo *a = addresses; a != NULL; a = a->ai_next)
	{
		struct evconnlistener *listener;

		listener = evconnlistener_new_bind(event_base, NULL, NULL,
										   LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC |
										   LEV_OPT_CLOSE_ON_FREE, BACKLOG,
										   a->ai_addr, (int) a->ai_addrlen);
		if (listener == NULL)
			continue;
		evconnlistener_set_error_cb(listener, on_accept_error);
		sockets = xrealloc(sockets, (nsockets + 1) * sizeof(*sockets));
		sockets[nsockets++] = evhttp_bind_listener(server, listener);
		log_write(LOG_INFO, "listening", "address:s port:d", name,
				  (long) bound_port((int) evconnlistener_get_fd(listener)));
		ok = true;
	}
	freeaddrinfo(addresses);
	if (!ok)
		*error = format("could not listen on %s: %s", text, strerror(errno));
	free(host);
	return ok;
}

bool
http_start(struct event_base *base, char **error)
{
	struct timeval second = {1, 0};
	char	   *list;
	char	   *rest;
	bool		ok = true;

	event_base = base;
	if (!load_tls(&tls, error))
		return false;
	server = evhttp_new(base);
	evhttp_set_bevcb(server, make_bufferevent, NULL);
	evhttp_set_gencb(server, on_request, NULL);
	evhttp_set_allowed_methods(server, EVHTTP_REQ_GET | EVHTTP_REQ_POST |
							   EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
							   EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
							   EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
	evhttp_set_default_content_type(server, NULL);
	evhttp_set_max_body_size(server, BODY_MAX);
	evhttp_set_max_headers_size(server, HEADERS_MAX);
	evhttp_set_timeout(server, config.client_timeout);

	/*
	 * A body that is too large is read before the connection is closed, or
	 * the client would see a reset instead of the response.
	 */
	evhttp_set_flags(server, EVHTTP_SERVER_LINGERING_CLOSE);

	rest = list = xstrdup(config.listen);
	while (ok && rest != NULL)
	{
		char	   *one = strsep(&rest, ",");

		one += strspn(one, " ");
		one[strcspn(one, " ")] = '\0';
		ok = listen_on(one, error);
	}
	free(list);
	sweep_timer = event_new(base, -1, EV_PERSIST, sweep, NULL);
	event_add(sweep_timer, &second);
	return ok;
}

bool
http_reload(char **error)
{
	SSL_CTX    *fresh;

	if (!load_tls(&fresh, error))
		return false;
	SSL_CTX_free(tls);
	tls = fresh;
	return true;
}

void
http_drain(void)
{
	draining = true;
	for (size_t i = 0; i < nsockets; i++)
		evhttp_del_accept_socket(server, sockets[i]);
	nsockets = 0;
}

int
http_active(void)
{
	int			n = 0;

	for (int fd = 0; fd < clients_size; fd++)
	{
		if (clients[fd].evcon != NULL &&
			(clients[fd].state == CLIENT_BUSY || clients[fd].state == CLIENT_WRITING))
			n++;
	}
	return n;
}

int
http_connections(void)
{
	return nclients;
}

void
http_stop(void)
{
	draining = true;
	if (sweep_timer != NULL)
		event_free(sweep_timer);
	sweep_timer = NULL;
	if (server != NULL)
		evhttp_free(server);
	server = NULL;
	free(sockets);
	sockets = NULL;
	nsockets = 0;
	free(clients);
	clients = NULL;
	clients_size = 0;
	SSL_CTX_free(tls);
	tls = NULL;
}
