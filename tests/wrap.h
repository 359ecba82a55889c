/* Allocations, counted and made to fail, where the linker can put a wrapper in front of them (wrap_dep in meson.build). */
#ifndef PLATEAU_TESTS_WRAP_H
#define PLATEAU_TESTS_WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False, with the running test marked as skipped, where this linker cannot. */
bool wrap_works(void);

/* Count from here; the i-th allocation fails (from 0; WRAP_NONE: none does), and those after it where `on`. */
#define WRAP_NONE SIZE_MAX
void wrap_fail(size_t i, bool on);
/* Bytes asked for since wrap_fail, by code of ours: what is freed again counts too, what libraries ask for
 * does not; 0 where this linker cannot. */
size_t wrap_bytes(void);
/* None fails any more. Returns how many there were. */
size_t wrap_stop(void);

#endif
