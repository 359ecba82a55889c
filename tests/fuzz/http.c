/* A request that comes to the live page's port. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "serve/http.h"

static bool known(int status)
{
    static const int all[] = {200, 400, 403, 405, 414, 431, 505};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (status == all[i])
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct http_request r, again;
    memset(&r, 0xff, sizeof r);
    size_t used = http_parse(&r, text, size);
    FUZZ_CHECK(used <= size && known(r.status) && r.reason, "status %d", r.status);
    FUZZ_CHECK(memchr(r.path, '\0', sizeof r.path) && memchr(r.none_match, '\0', sizeof r.none_match), "a text without end");
    FUZZ_CHECK(!r.path[0] || r.path[0] == '/', "a path that does not begin with /");
    FUZZ_CHECK(used || size < HTTP_REQUEST_MAX || r.status != 200, "waits for the end of what is too long");
    FUZZ_CHECK(!used || (http_parse(&again, text, used) == used && again.status == r.status),
               "is another request without what comes after it");
    http_matches(r.none_match, "\"0123456789abcdef\"");
    return 0;
}
