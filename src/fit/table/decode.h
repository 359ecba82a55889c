/* From the bytes of a file to text: what gzip packed is unpacked, UTF-16 becomes UTF-8, byte order marks go, and
 * formats that are no text are refused with the command that turns them into some. */
#ifndef PLATEAU_FIT_TABLE_DECODE_H
#define PLATEAU_FIT_TABLE_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* What was done on the way, for the reader's report. */
struct decoded {
    bool unpacked, utf16;
};

/* *text (*size bytes and a '\0' after them, from malloc) is replaced; freed, and NULL, on failure. E_DATA names the
 * file, with line and column of a zero byte. Unpacked text is at most DECODE_MAX_RATIO times the file and one
 * MiB: beyond that it is no table. */
#define DECODE_MAX_RATIO 200
enum status decode_text(char **text, size_t *size, struct decoded *how, const char *file, struct err *err) WARN_UNUSED;

#endif
