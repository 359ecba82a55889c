/* SHA-256 (FIPS 180-4), for what somebody else must be able to check: `sha256sum FILE` says the same. */
#ifndef PLATEAU_BASE_SHA256_H
#define PLATEAU_BASE_SHA256_H

#include <stddef.h>

enum { SHA256_TEXT = 65 };

/* The hash of n bytes, as 64 digits in lower case. */
void sha256_text(char out[SHA256_TEXT], const void *data, size_t n);

#endif
