/* Counts as people write them: 250k, 4M, 1.5B, 1e13; and durations: 90s, 15m, 2h. */
#ifndef PLATEAU_BASE_COUNT_H
#define PLATEAU_BASE_COUNT_H

#include <stdbool.h>
#include <stddef.h>

/* Parse a non-negative number with an optional suffix k, M, B or G, T, P (powers of 1000). The whole
 * string must be consumed. Returns false, with *out untouched, for anything else (nan, inf, hex). */
bool count_parse(double *out, const char *text);

/* "90", "90s", "15m", "15min", "2h", "1.5d" to seconds; false as above. */
bool count_parse_seconds(double *out, const char *text);

/* Shortest readable form with three significant digits: 262144 -> "262k", 1.05e6 -> "1.05M",
 * 3.2e13 -> "32T". Writes at most size bytes and returns buf. */
char *count_format(char *buf, size_t size, double value);

/* Like count_format but exact and usable in a name: 4000000 -> "4M", 262144 -> "262144". */
char *count_format_exact(char *buf, size_t size, double value);

/* Bytes: 83200000000 -> "83.2 GB". */
char *count_format_bytes(char *buf, size_t size, double bytes);

/* 3.2 -> "3.2 s", 75 -> "1 min 15 s", 5400 -> "1 h 30 min". */
char *count_format_seconds(char *buf, size_t size, double seconds);

#endif
