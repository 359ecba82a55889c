#include "data/formats/token_format.h"

#define X(name, says) extern const struct token_format token_format_##name;
TOKEN_FORMATS(X)
#undef X

static const struct row {
    const struct token_format *format;
    const char *says;
} rows[] = {
#define X(name, says) {&token_format_##name, says},
    TOKEN_FORMATS(X)
#undef X
};

enum { N_ROWS = sizeof rows / sizeof *rows };

enum status token_format_read(struct token_layout *l, const unsigned char *bytes, size_t n, struct err *err)
{
    size_t i = 0;
    while (i + 1 < N_ROWS && !rows[i].format->is(bytes, n))
        i++;
    *l = (struct token_layout){0};
    TRY(rows[i].format->read(l, bytes, n, err));
    CHECK((l->width == 2 || l->width == 4) && l->at <= n && l->n <= (n - l->at) / l->width);
    l->name = rows[i].says;
    return OK;
}

bool token_format_is_marked(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i + 1 < N_ROWS; i++)
        if (rows[i].format->is(bytes, n))
            return true;
    return false;
}
