/*
 * config.h - the settings of the gateway, from the command line and a file.
 *
 * Every setting has one name, given as --name VALUE on the command line or as
 * name = value in the file; hyphens and underscores are the same.  The command
 * line wins over the file, and the file over the defaults.  Times are in
 * seconds.
 */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Config
{
	char	   *listen;			/* address:port, several separated by commas */
	char	   *database;		/* connection string of the primary */
	char	   *replica;		/* connection string of a hot standby, or "" */
	int			pool_size;		/* connections to each of them */
	int			pipeline_depth; /* quick requests on one connection at a time;
								 * 0: as many as suit the machine */
	int			queue_limit;	/* requests that may wait for a connection */
	int			queue_timeout;	/* how long they may */
	int			request_timeout;	/* of a statement in the database */
	int			client_timeout; /* to send a request, or to take a response */
	int			idle_timeout;	/* of a connection between requests */
	int			shutdown_timeout;	/* to finish what is under way */
	int			max_replica_lag;
	bool		no_auth;
	bool		metrics;		/* answer GET /metrics */
	bool		log_requests;
	int			log_level;		/* of log.h */
	char	   *region;			/* in the answer of the health check */
	char	   *tls_cert;		/* PEM files; "" speaks plain HTTP */
	char	   *tls_key;
} Config;

extern Config config;

/*
 * Read the command line and the file that it names.  On false, *error is a
 * message that the caller frees.  *done is set where the command line asked
 * for help or the version, which has been printed then.
 */
extern bool config_init(int argc, char **argv, bool *done, char **error);

/*
 * Read them again.  On false nothing has changed.  Settings that need a
 * restart keep their value; *kept names the first of them that the file would
 * change, or is NULL.
 */
extern bool config_reload(const char **kept, char **error);

#endif							/* GATEWAY_CONFIG_H */
