/*
 * config.c - the settings of the gateway.
 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "log.h"
#include "util.h"

#define VERSION "1.0"

Config		config;

typedef enum SettingKind
{
	SETTING_STRING,
	SETTING_INT,
	SETTING_BOOL,
	SETTING_LEVEL
} SettingKind;

typedef struct Setting
{
	const char *name;
	SettingKind kind;
	size_t		offset;			/* in Config */
	const char *initial;
	int			min;
	int			max;
	bool		restart;		/* cannot change while running */
	const char *help;
} Setting;

/* In alphabetical order. */
static const Setting settings[] = {
	{"client-timeout", SETTING_INT, offsetof(Config, client_timeout), "30", 1, 86400, false,
	"seconds a client may take to send a request, or to take a response"},
	{"database", SETTING_STRING, offsetof(Config, database), "", 0, 0, false,
	"libpq connection string of the database"},
	{"idle-timeout", SETTING_INT, offsetof(Config, idle_timeout), "60", 1, 86400, false,
	"seconds after which a connection without requests is closed"},
	{"listen", SETTING_STRING, offsetof(Config, listen), "127.0.0.1:8000", 0, 0, true,
	"address:port to listen on, several separated by commas"},
	{"log-level", SETTING_LEVEL, offsetof(Config, log_level), "info", 0, 0, false,
	"what is logged: debug, info, warn or error"},
	{"log-requests", SETTING_BOOL, offsetof(Config, log_requests), "off", 0, 0, false,
	"log a line for each request"},
	{"max-replica-lag", SETTING_INT, offsetof(Config, max_replica_lag), "10", 1, 3600, false,
	"seconds the replica may be behind and still serve reads"},
	{"metrics", SETTING_BOOL, offsetof(Config, metrics), "on", 0, 0, false,
	"answer GET /metrics, in Prometheus's format"},
	{"no-auth", SETTING_BOOL, offsetof(Config, no_auth), "off", 0, 0, true,
	"accept any signature; requests run as the connection's user"},
	{"pipeline-depth", SETTING_INT, offsetof(Config, pipeline_depth), "0", 0, 1000, false,
	"quick requests sent on one connection before the first is answered; 0 is 64 on one or two processors, else 16"},
	{"pool-size", SETTING_INT, offsetof(Config, pool_size), "16", 1, 1000, false,
	"connections to the database, and to the replica"},
	{"queue-limit", SETTING_INT, offsetof(Config, queue_limit), "2000", 0, 1000000, false,
	"requests that may wait for a connection; further ones get 503"},
	{"queue-timeout", SETTING_INT, offsetof(Config, queue_timeout), "5", 1, 3600, false,
	"seconds a request may wait for a connection before it gets 503"},
	{"region", SETTING_STRING, offsetof(Config, region), "us-east-1", 0, 0, false,
	"region that the health check names"},
	{"replica", SETTING_STRING, offsetof(Config, replica), "", 0, 0, false,
	"libpq connection string of a hot standby, for eventually consistent reads"},
	{"request-timeout", SETTING_INT, offsetof(Config, request_timeout), "60", 0, 86400, false,
	"seconds a request may run in the database; 0 is no limit"},
	{"shutdown-timeout", SETTING_INT, offsetof(Config, shutdown_timeout), "30", 0, 86400, false,
	"seconds that requests under way may take after SIGTERM"},
	{"tls-cert", SETTING_STRING, offsetof(Config, tls_cert), "", 0, 0, false,
	"file of the TLS certificate chain, PEM; with it the gateway speaks HTTPS"},
	{"tls-key", SETTING_STRING, offsetof(Config, tls_key), "", 0, 0, false,
	"file of its private key, PEM"},
};

#define NSETTINGS	(sizeof(settings) / sizeof(settings[0]))

static int	saved_argc;
static char **saved_argv;

/* A setting by name, hyphens and underscores alike. */
static const Setting *
find_setting(const char *name, size_t len)
{
	for (size_t i = 0; i < NSETTINGS; i++)
	{
		const char *s = settings[i].name;
		size_t		j = 0;

		while (j < len && (name[j] == '_' ? '-' : name[j]) == s[j])
			j++;
		if (j == len && s[len] == '\0')
			return &settings[i];
	}
	return NULL;
}

static bool
parse_bool(const char *value, bool *result)
{
	static const char *const yes[] = {"on", "true", "yes", "1"};
	static const char *const no[] = {"off", "false", "no", "0"};

	for (int i = 0; i < 4; i++)
	{
		if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0)
		{
			*result = strcasecmp(value, yes[i]) == 0;
			return true;
		}
	}
	return false;
}

/* Put the text of a value into a configuration. */
static bool
assign(Config *conf, const Setting *setting, const char *value, char **error)
{
	void	   *field = (char *) conf + setting->offset;

	switch (setting->kind)
	{
		case SETTING_STRING:
			free(*(char **) field);
			*(char **) field = xstrdup(value);
			return true;
		case SETTING_INT:
			{
				char	   *end;
				long		number;

				errno = 0;
				number = strtol(value, &end, 10);
				if (errno != 0 || end == value || *end != '\0' ||
					number < setting->min || number > setting->max)
				{
					*error = format("%s: \"%s\" is not a number from %d to %d",
									setting->name, value, setting->min, setting->max);
					return false;
				}
				*(int *) field = (int) number;
				return true;
			}
		case SETTING_BOOL:
			if (parse_bool(value, field))
				return true;
			*error = format("%s: \"%s\" is neither on nor off", setting->name, value);
			return false;
		case SETTING_LEVEL:
			if (log_level_parse(value, field))
				return true;
			*error = format("%s: \"%s\" is not one of debug, info, warn, error",
							setting->name, value);
			return false;
	}
	return false;
}

/* The text of a line after white space and without that at its end. */
static char *
trim(char *s)
{
	char	   *end;

	while (isspace((unsigned char) *s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char) end[-1]))
		end--;
	*end = '\0';
	return s;
}

/*
 * The value of a line, in place: between single quotes, where '' is a quote,
 * or as it stands.  NULL if the quotes do not match.
 */
static char *
unquote(char *value)
{
	char	   *to = value;
	char	   *from;

	if (*value != '\'')
		return value;
	for (from = value + 1; *from != '\0'; from++)
	{
		if (*from == '\'' && *++from != '\'')
		{
			char	   *rest = trim(from);

			*to = '\0';
			return *rest == '\0' || *rest == '#' ? value : NULL;
		}
		*to++ = *from;
	}
	return NULL;
}

/* Read lines of name = value; # begins a comment. */
static bool
read_file(Config *conf, const char *path, char **error)
{
	FILE	   *file = fopen(path, "r");
	char	   *line = NULL;
	size_t		size = 0;
	int			number = 0;
	bool		ok = true;

	if (file == NULL)
	{
		*error = format("could not open %s: %s", path, strerror(errno));
		return false;
	}
	while (ok && getline(&line, &size, file) != -1)
	{
		char	   *name = trim(line);
		char	   *equals = strchr(name, '=');
		char	   *value;
		const Setting *setting;
		char	   *why = NULL;

		number++;
		if (*name == '\0' || *name == '#')
			continue;
		if (equals == NULL)
			why = xstrdup("expected name = value");
		else
		{
			*equals = '\0';
			name = trim(name);
			setting = find_setting(name, strlen(name));
			value = unquote(trim(equals + 1));
			if (setting == NULL)
				why = format("there is no setting \"%s\"", name);
			else if (value == NULL)
				why = format("%s: the quotes do not match", name);
			else
				assign(conf, setting, value, &why);
		}
		if (why != NULL)
		{
			*error = format("%s, line %d: %s", path, number, why);
			free(why);
			ok = false;
		}
	}
	if (ok && ferror(file))
	{
		*error = format("could not read %s: %s", path, strerror(errno));
		ok = false;
	}
	free(line);
	fclose(file);
	return ok;
}

static void
print_help(void)
{
	printf("dynamo-gateway answers DynamoDB's HTTP protocol from a PostgreSQL database\n"
		   "with the extension dynamo.\n\n"
		   "Usage: dynamo-gateway --database CONNINFO [--name VALUE]...\n\n"
		   "  --%-18s %s\n", "config FILE", "file of settings, as name = value");
	for (size_t i = 0; i < NSETTINGS; i++)
	{
		printf("  --%-18s %s", settings[i].name, settings[i].help);
		if (*settings[i].initial != '\0')
			printf(" [%s]", settings[i].initial);
		printf("\n");
	}
	printf("  --%-18s %s\n  --%-18s %s\n\n"
		   "SIGTERM finishes what is under way and ends; SIGHUP reads the settings again.\n",
		   "help", "show this", "version", "show the version");
}

/*
 * Walk the command line: with conf NULL only to find the file, *path, and
 * whether help was asked for.
 */
static bool
read_arguments(Config *conf, char **path, bool *done, char **error)
{
	for (int i = 1; i < saved_argc; i++)
	{
		const char *arg = saved_argv[i];
		const char *equals = strchr(arg, '=');
		size_t		len;
		const Setting *setting;
		const char *value = NULL;
		bool		is_config;

		if (strncmp(arg, "--", 2) != 0)
		{
			*error = format("unexpected argument \"%s\" (see --help)", arg);
			return false;
		}
		arg += 2;
		len = equals ? (size_t) (equals - arg) : strlen(arg);
		if (done != NULL && (strcmp(arg, "help") == 0 || strcmp(arg, "version") == 0))
		{
			if (*arg == 'h')
				print_help();
			else
				printf("dynamo-gateway %s\n", VERSION);
			*done = true;
			return true;
		}
		is_config = len == 6 && strncmp(arg, "config", 6) == 0;
		setting = is_config ? NULL : find_setting(arg, len);
		if (!is_config && setting == NULL)
		{
			*error = format("there is no option --%.*s (see --help)", (int) len, arg);
			return false;
		}
		if (equals != NULL)
			value = equals + 1;
		else if (setting != NULL && setting->kind == SETTING_BOOL)
			value = "on";
		else if (i + 1 < saved_argc)
			value = saved_argv[++i];
		else
		{
			*error = format("option --%s needs a value", arg);
			return false;
		}
		if (is_config)
			*path = (char *) value;
		else if (conf != NULL && !assign(conf, setting, value, error))
			return false;
	}
	return true;
}

static void
release(Config *conf)
{
	for (size_t i = 0; i < NSETTINGS; i++)
	{
		if (settings[i].kind == SETTING_STRING)
			free(*(char **) ((char *) conf + settings[i].offset));
	}
}

/* What takes two settings together */
static bool
check(const Config *conf, char **error)
{
	if (*conf->database == '\0')
		*error = xstrdup("--database is missing (see --help)");
	else if ((*conf->tls_cert == '\0') != (*conf->tls_key == '\0'))
		*error = xstrdup("tls-cert and tls-key must be given together");
	else
		return true;
	return false;
}

/* Defaults, then the file, then the command line */
static bool
load(Config *conf, bool *done, char **error)
{
	char	   *path = NULL;

	memset(conf, 0, sizeof(*conf));
	for (size_t i = 0; i < NSETTINGS; i++)
		assign(conf, &settings[i], settings[i].initial, error);
	if (!read_arguments(NULL, &path, done, error))
		return false;
	if (done != NULL && *done)
		return true;
	return (path == NULL || read_file(conf, path, error)) &&
		read_arguments(conf, &path, NULL, error) &&
		check(conf, error);
}

bool
config_init(int argc, char **argv, bool *done, char **error)
{
	saved_argc = argc;
	saved_argv = argv;
	*done = false;
	return load(&config, done, error);
}

static size_t
field_size(SettingKind kind)
{
	return kind == SETTING_STRING ? sizeof(char *) :
		kind == SETTING_BOOL ? sizeof(bool) : sizeof(int);
}

bool
config_reload(const char **kept, char **error)
{
	Config		fresh;

	*kept = NULL;
	if (!load(&fresh, NULL, error))
	{
		release(&fresh);
		return false;
	}
	/* Exchange them, but for what needs a restart */
	for (size_t i = 0; i < NSETTINGS; i++)
	{
		const Setting *setting = &settings[i];
		char	   *now = (char *) &config + setting->offset;
		char	   *then = (char *) &fresh + setting->offset;
		char		swap[sizeof(char *)];
		size_t		size = field_size(setting->kind);

		if (setting->restart)
		{
			if (*kept == NULL &&
				(setting->kind == SETTING_STRING ?
				 strcmp(*(char **) now, *(char **) then) : memcmp(now, then, size)) != 0)
				*kept = setting->name;
			continue;
		}
		memcpy(swap, now, size);
		memcpy(now, then, size);
		memcpy(then, swap, size);
	}
	release(&fresh);
	return true;
}
