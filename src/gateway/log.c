/*
 * log.c - the log.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "json.h"
#include "log.h"
#include "util.h"

/* Longer lines are cut off: one write() of so much is not torn on a pipe. */
#define LINE_MAX_BYTES	4096

static const char *const level_names[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
};

bool
log_level_parse(const char *name, int *level)
{
	for (size_t i = 0; i < lengthof(level_names); i++)
	{
		if (strcasecmp(name, level_names[i]) == 0)
		{
			*level = (int) i;
			return true;
		}
	}
	return false;
}

/* Append to a line what fits. */
static void
put(char *line, size_t *len, const char *text, size_t n)
{
	if (n > LINE_MAX_BYTES - 3 - *len)
		n = LINE_MAX_BYTES - 3 - *len;
	memcpy(line + *len, text, n);
	*len += n;
}

/* ,"name": */
static void
put_name(char *line, size_t *len, const char *name, size_t n)
{
	put(line, len, ",\"", 2);
	put(line, len, name, n);
	put(line, len, "\":", 2);
}

/* A string as a JSON string; what does not fit is left out. */
static void
put_string(char *line, size_t *len, const char *s)
{
	char		escaped[JSON_ESCAPE_MAX];

	put(line, len, "\"", 1);
	while (*s != '\0')
	{
		size_t		n = json_escape_char(&s, escaped);

		if (*len + n > LINE_MAX_BYTES - 256)
			break;
		put(line, len, escaped, n);
	}
	put(line, len, "\"", 1);
}

void
log_write(LogLevel level, const char *message, const char *members,...)
{
	char		line[LINE_MAX_BYTES];
	char		text[64];
	size_t		len = 0;
	struct timespec ts;
	struct tm	tm;
	va_list		args;

	if ((int) level < config.log_level)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(text, sizeof(text), "{\"time\":\"%Y-%m-%dT%H:%M:%S", &tm);
	put(line, &len, text, strlen(text));
	snprintf(text, sizeof(text), ".%03ldZ\",\"level\":\"%s\",\"msg\":",
			 ts.tv_nsec / 1000000, level_names[level]);
	put(line, &len, text, strlen(text));
	put_string(line, &len, message);

	va_start(args, members);
	while (*members != '\0')
	{
		size_t		n = strcspn(members, ":");
		const char *string;

		switch (members[n + 1])
		{
			case 'd':
				snprintf(text, sizeof(text), "%ld", va_arg(args, long));
				put_name(line, &len, members, n);
				put(line, &len, text, strlen(text));
				break;
			case 'f':
				snprintf(text, sizeof(text), "%.6f", va_arg(args, double));
				put_name(line, &len, members, n);
				put(line, &len, text, strlen(text));
				break;
			case 's':
				string = va_arg(args, const char *);
				if (string != NULL)
				{
					put_name(line, &len, members, n);
					put_string(line, &len, string);
				}
				break;
		}
		members += n + 2;
		members += strspn(members, " ");
	}
	va_end(args);
	memcpy(line + len, "}\n", 2);
	len += 2;
	if (write(STDERR_FILENO, line, len) < 0)
		return;					/* there is nowhere to complain */
}
