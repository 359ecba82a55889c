/* Classes of characters: what GPT-2's pattern asks of a character, whatever the locale. */
#ifndef PLATEAU_DATA_TOKENISERS_UNICODE_H
#define PLATEAU_DATA_TOKENISERS_UNICODE_H

#include <stddef.h>

enum unicode_class { UNICODE_OTHER, UNICODE_LETTER, UNICODE_NUMBER, UNICODE_SPACE };

/* The class of the character that n >= 1 bytes at s begin with: letters are the general category L, numbers N, spaces the
 * property White_Space, of Unicode 16. *length: its bytes. A byte that begins no well-formed UTF-8 is a character of its
 * own, of class OTHER. */
enum unicode_class unicode_class_at(size_t *length, const unsigned char *s, size_t n);

#endif
