#include "fit/table/decode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/size.h"

/* --- formats of others ----------------------------------------------------------------------------------------- */

/* How a file begins, what it is then, and how it becomes a table. */
static const struct {
    const char *magic;
    size_t n;
    const char *what, *how;
} foreign[] = {
#define PANDAS(read) "python3 -c \"import pandas; pandas." read "('FILE').to_csv('FILE.csv', index=False)\""
    {"PAR1", 4, "Parquet", PANDAS("read_parquet") ", or duckdb -c \"COPY 'FILE.parquet' TO 'FILE.csv'\""},
    {"ARROW1", 6, "an Arrow (Feather) file", PANDAS("read_feather")},
    {"FEA1", 4, "a Feather file", PANDAS("read_feather")},
    {"\x89HDF\r\n\x1a\n", 8, "HDF5", PANDAS("read_hdf")},
    {"SQLite format 3", 15, "an SQLite database", "sqlite3 -header -csv FILE 'select * from TABLE' > FILE.csv"},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, "an old Excel workbook (xls)", "open it and save it as CSV UTF-8, or "
     "" PANDAS("read_excel")},
    {"\x93NUMPY", 6, "a NumPy array", "python3 -c \"import numpy; numpy.savetxt('FILE.csv', numpy.load('FILE'), "
     "delimiter=',')\" and a "
                                      "line of names above it"},
    {"\x28\xb5\x2f\xfd", 4, "packed with zstd", "zstd -d FILE"},
    {"\xfd" "7zXZ", 5, "packed with xz", "xz -d FILE"},
    {"BZh", 3, "packed with bzip2", "bzip2 -d FILE"},
    {"%PDF", 4, "a PDF", "copy its table into a CSV, Markdown or LaTeX file"},
    {"\x80\x04\x95", 3, "a Python pickle", PANDAS("read_pickle")},
    {"\x80\x05\x95", 3, "a Python pickle", PANDAS("read_pickle")},
};

static bool holds(const char *text, size_t size, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= size; i++)
        if (text[i] == word[0] && memcmp(text + i, word, n) == 0)
            return true;
    return false;
}

static enum status refuse_foreign(const char *text, size_t size, const char *file, struct err *err)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (size >= foreign[i].n && memcmp(text, foreign[i].magic, foreign[i].n) == 0)
            return err_set(err, E_DATA, "%s: this is %s, which is not read here; as CSV it is: %s", file, foreign[i].what,
                           foreign[i].how);
    if (size < 4 || memcmp(text, "PK\x03\x04", 4) != 0)
        return OK;
    bool sheet = holds(text, size, "xl/"), ods = holds(text, size, "opendocument.spreadsheet");
    if (sheet || ods)
        return err_set(err, E_DATA, "%s: this is %s, which is not read here: open it and save it as CSV UTF-8, or "
                       "" PANDAS("read_excel"),
                       file, sheet ? "an Excel workbook (xlsx)" : "an OpenDocument sheet (ods)");
    return err_set(err, E_DATA, "%s: this is a zip archive: unpack it (unzip FILE) and give the table inside", file);
#undef PANDAS
}

/* --- gzip --------------------------------------------------------------------------------------------------------- */

struct unpacking {
    z_stream z;
    char *out;
    size_t n, cap, most;
};

static enum status grow(struct unpacking *u, const char *file, struct err *err)
{
    if (u->n < u->cap)
        return OK;
    if (u->cap >= u->most)
        return err_set(err, E_DATA, "%s: it unpacks to more than %d times its size, which no table does", file, DECODE_MAX_RATIO);
    size_t cap = size_min(u->most, size_max(1 << 16, 2 * u->cap));
    char *p = realloc(u->out, cap + 1);
    if (!p)
        return err_set(err, E_NOMEM, "%s: out of memory unpacking it", file);
    u->out = p;
    u->cap = cap;
    return OK;
}

/* Members one after the other, as gzip -c >> makes them, are one text. */
static enum status inflate_all(struct unpacking *u, const char *text, size_t size, const char *file, struct err *err)
{
    size_t at = 0;
    int r = Z_OK;
    while (r != Z_STREAM_END || at < size) {
        if (r == Z_STREAM_END && inflateReset(&u->z) != Z_OK)
            return err_set(err, E_NOMEM, "%s: out of memory unpacking it", file);
        TRY(grow(u, file, err));
        size_t in = size_min(size - at, 1 << 30), room = size_min(u->cap - u->n, 1 << 30);
        u->z.next_in = (Bytef *)(uintptr_t)(text + at); /* zlib reads through it only */
        u->z.avail_in = (uInt)in;
        u->z.next_out = (Bytef *)(u->out + u->n);
        u->z.avail_out = (uInt)room;
        r = inflate(&u->z, Z_NO_FLUSH);
        at += in - u->z.avail_in;
        u->n += room - u->z.avail_out;
        if (r == Z_BUF_ERROR && at == size)
            return err_set(err, E_DATA, "%s: the gzip data end early: the file is cut off at byte %zu", file, size);
        if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
            return err_set(err, r == Z_MEM_ERROR ? E_NOMEM : E_DATA, "%s: byte %zu: damaged gzip data (%s)", file, at,
                           u->z.msg ? u->z.msg : "unknown reason");
    }
    return OK;
}

static enum status gunzip(char **text, size_t *size, const char *file, struct err *err)
{
    struct unpacking u = {.out = NULL};
    size_t most;
    if (!size_mul(&most, *size, DECODE_MAX_RATIO) || !size_add(&u.most, most, 1 << 20))
        return err_set(err, E_NOMEM, "%s: too large to unpack", file);
    if (inflateInit2(&u.z, 15 + 16) != Z_OK)
        return err_set(err, E_NOMEM, "%s: out of memory unpacking it", file);
    enum status st = inflate_all(&u, *text, *size, file, err);
    (void)inflateEnd(&u.z);
    if (st != OK) {
        free(u.out);
        return st;
    }
    free(*text);
    *text = u.out;
    *size = u.n;
    u.out[u.n] = '\0';
    return OK;
}

/* --- UTF-16 --------------------------------------------------------------------------------------------------------- */

static unsigned unit_at(const unsigned char *p, bool big)
{
    return big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static size_t put_utf8(char *out, unsigned c)
{
    if (c < 0x80)
        return out[0] = (char)c, 1;
    if (c < 0x800)
        return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
    if (c < 0x10000)
        return out[0] = (char)(0xe0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 63)), out[2] = (char)(0x80 | (c & 63)), 3;
    return out[0] = (char)(0xf0 | c >> 18), out[1] = (char)(0x80 | (c >> 12 & 63)), out[2] = (char)(0x80 | (c >> 6 & 63)),
           out[3] = (char)(0x80 | (c & 63)), 4;
}

/* Excel's "Unicode text". Half of a pair becomes U+FFFD, as elsewhere. */
static enum status from_utf16(char **text, size_t *size, size_t skip, bool big, const char *file, struct err *err)
{
    size_t units = (*size - skip) / 2, n = 0, cap;
    const unsigned char *p = (const unsigned char *)*text + skip;
    if ((*size - skip) % 2 != 0)
        return err_set(err, E_DATA, "%s: UTF-16 text of an odd number of bytes: the file is cut off or damaged", file);
    char *out = size_mul(&cap, units + 1, 3) ? malloc(cap) : NULL; /* a unit takes at most three bytes */
    if (!out)
        return err_set(err, E_NOMEM, "%s: out of memory", file);
    for (size_t i = 0; i < units; i++) {
        unsigned c = unit_at(p + 2 * i, big);
        unsigned next = i + 1 < units ? unit_at(p + 2 * (i + 1), big) : 0;
        if (c >= 0xd800 && c < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (next - 0xdc00);
            i++;
        } else if (c >= 0xd800 && c < 0xe000) {
            c = 0xfffd;
        }
        n += put_utf8(out + n, c);
    }
    out[n] = '\0';
    free(*text);
    *text = out;
    *size = n;
    return OK;
}

/* With a byte order mark, or where every other byte of the first letters is zero. */
static enum status widen(char **text, size_t *size, bool *was, const char *file, struct err *err)
{
    const unsigned char *p = (const unsigned char *)*text;
    bool mark_little = *size >= 2 && p[0] == 0xff && p[1] == 0xfe, mark_big = *size >= 2 && p[0] == 0xfe && p[1] == 0xff;
    bool little = *size >= 4 && p[0] && !p[1] && p[2] && !p[3], big = *size >= 4 && !p[0] && p[1] && !p[2] && p[3];
    *was = mark_little || mark_big || little || big;
    if (!*was)
        return OK;
    return from_utf16(text, size, mark_little || mark_big ? 2 : 0, mark_big || big, file, err);
}

/* --- all of it -------------------------------------------------------------------------------------------------------- */

/* Text has no zero byte: whatever stands after one would be cut without a word. */
static enum status no_zero_bytes(const char *text, size_t size, const char *file, struct err *err)
{
    const char *zero = memchr(text, '\0', size), *line = text;
    size_t n = 1;
    if (!zero)
        return OK;
    for (const char *p = text; p < zero; p++)
        if (*p == '\n') {
            n++;
            line = p + 1;
        }
    return err_set(err, E_DATA, "%s:%zu:%zu: a zero byte: this is no text file", file, n, (size_t)(zero - line) + 1);
}

static enum status decode(char **text, size_t *size, struct decoded *how, const char *file, struct err *err)
{
    if (*size >= 2 && memcmp(*text, "\x1f\x8b", 2) == 0) {
        TRY(gunzip(text, size, file, err));
        how->unpacked = true;
    }
    TRY(refuse_foreign(*text, *size, file, err));
    TRY(widen(text, size, &how->utf16, file, err));
    if (*size >= 3 && memcmp(*text, "\xef\xbb\xbf", 3) == 0) {
        memmove(*text, *text + 3, *size - 2);
        *size -= 3;
    }
    return no_zero_bytes(*text, *size, file, err);
}

enum status decode_text(char **text, size_t *size, struct decoded *how, const char *file, struct err *err)
{
    *how = (struct decoded){false, false};
    enum status st = decode(text, size, how, file, err);
    if (st != OK) {
        free(*text);
        *text = NULL;
    }
    return st;
}
