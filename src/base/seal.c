#include "base/seal.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static const char mark[] = ",\n\t\"checksum\":\t\"", tail[] = "\"\n}";
enum { HEX = 16, SEAL = sizeof mark - 1 + HEX + sizeof tail - 1 };

static void make(char *out, uint64_t checksum)
{
    snprintf(out, SEAL + 1, "%s%016llx%s", mark, (unsigned long long)checksum, tail);
}

static size_t without_newline(const char *text, size_t size)
{
    return size - (size > 0 && text[size - 1] == '\n');
}

enum status seal_add(char **text, struct err *err)
{
    size_t size = strlen(*text), n = without_newline(*text, size);
    char *sealed = n >= 2 && (*text)[n - 1] == '}' && (*text)[n - 2] == '\n' ? malloc(size + SEAL + 1) : NULL;
    if (!sealed)
        return err_set(err, E_NOMEM, "out of memory for a checksum");
    memcpy(sealed, *text, n - 2);
    make(sealed + n - 2, hash_bytes(HASH_SEED, sealed, n - 2));
    strcat(sealed, n < size ? "\n" : "");
    free(*text);
    *text = sealed;
    return OK;
}

/* Whether the text ends as a sealed one does, were it not for what has changed: in so many words, or in a hash. */
static bool looks_sealed(const char *text, size_t n)
{
    static const char key[] = "\"checksum\"";
    enum { LAST = HEX + sizeof tail, LONGEST = 2 * SEAL };
    for (size_t i = n > LONGEST ? n - LONGEST : 0; i + sizeof key - 1 <= n; i++)
        if (memcmp(text + i, key, sizeof key - 1) == 0)
            return true;
    if (n < LAST || memcmp(text + n - (sizeof tail - 1), tail, sizeof tail - 1) != 0 || text[n - LAST] != '"')
        return false;
    for (size_t i = 0; i < HEX; i++)
        if (!strchr("0123456789abcdef", text[n - LAST + 1 + i]))
            return false;
    return true;
}

enum seal seal_check(uint64_t *checksum, const char *text, size_t size)
{
    char seal[SEAL + 1];
    size_t n = without_newline(text, size);
    if (n > SEAL && !memchr(text, '\0', n)) {
        uint64_t sum = hash_bytes(HASH_SEED, text, n - SEAL);
        make(seal, sum);
        if (memcmp(seal, text + n - SEAL, SEAL) == 0) {
            if (checksum)
                *checksum = sum;
            return SEAL_HOLDS;
        }
    }
    return looks_sealed(text, n) ? SEAL_BROKEN : SEAL_NONE;
}
