/* Is a text JSON? To the letter of RFC 8259, and in two things beyond it: a key may stand in an object once
 * only, and no text holds a zero byte, written as such or as \u0000, which would end a C string early.
 *
 * Parsers are lenient, each in its own way (032, 5., [1,], a second key that wins over the first). A text that
 * passed here means the same to all of them. */
#ifndef PLATEAU_BASE_JSON_CHECK_H
#define PLATEAU_BASE_JSON_CHECK_H

#include <stddef.h>

#include "base/status.h"

/* OK, or the first fault as "line 3 column 7: reason" with this code: E_CONFIG, E_DATA, ...; E_NOMEM only for
 * want of memory. The text needs no '\0' after it. A byte order mark in front is passed over. */
enum status json_check(const char *text, size_t size, enum status code, struct err *err) WARN_UNUSED;

/* Bytes of the JSON number that n bytes of text begin with; 0 where they begin with none. What follows the
 * number is the caller's to judge: of "032" this is the "0", of "5." the "5". */
size_t json_check_number(const char *text, size_t n);

#endif
