/* Text as bytes: what is well-formed UTF-8 and what may be shown on one line. */
#ifndef PLATEAU_BASE_UTF8_H
#define PLATEAU_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the well-formed character at s, of which n bytes are left: 1 to 4, or 0 where there is none (a
 * stray byte, an overlong form, a surrogate, beyond U+10FFFF, cut off). */
size_t utf8_length(const char *s, size_t n);

/* Well-formed to the end, and without control characters (C0, DEL, C1): fit for a name that people and
 * programs read, one line long. */
bool utf8_is_plain(const char *s);

/* Make it so, in place, with a '?' for every byte that is in the way: for messages that quote what others wrote. */
void utf8_make_plain(char *s);

#endif
