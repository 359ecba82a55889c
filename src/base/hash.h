/* 64-bit hashing for names and checksums; not cryptographic. */
#ifndef PLATEAU_BASE_HASH_H
#define PLATEAU_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_SEED 0xcbf29ce484222325u

/* Continue hash h (HASH_SEED to begin) over n bytes, eight at a time. Splitting one buffer over
 * several calls gives another value, so writer and reader must call it alike. */
uint64_t hash_bytes(uint64_t h, const void *data, size_t n);

#endif
