/*
 * log.h - the log: one JSON object per line on standard error.
 */
#ifndef GATEWAY_LOG_H
#define GATEWAY_LOG_H

#include <stdbool.h>

typedef enum LogLevel
{
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR
} LogLevel;

extern bool log_level_parse(const char *name, int *level);

/*
 * Write a line with time, level, msg and further members.  `members` names
 * them, each with the kind of its argument: "port:d host:s seconds:f" takes a
 * long, a const char * (NULL leaves the member out) and a double.
 */
extern void log_write(LogLevel level, const char *message, const char *members,...);

#endif							/* GATEWAY_LOG_H */
