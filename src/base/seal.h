/* A JSON file of our own that tells whether it is, byte for byte, what was written: the last key of its object is
 * "checksum", a hash of all that stands before it. Other programs read the file as before. */
#ifndef PLATEAU_BASE_SEAL_H
#define PLATEAU_BASE_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* SEAL_NONE: written by an older version, or by somebody else. SEAL_BROKEN: changed since, or the seal itself was. */
enum seal { SEAL_NONE, SEAL_HOLDS, SEAL_BROKEN };

/* *text, an object as cJSON prints it, with or without a last newline, gets the key; *text is replaced. E_NOMEM leaves it
 * as it is, without a message's file. */
enum status seal_add(char **text, struct err *err) WARN_UNUSED;

/* checksum, where it holds; may be NULL. */
enum seal seal_check(uint64_t *checksum, const char *text, size_t size);

#endif
