#include "cli/data_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/count.h"
#include "base/file.h"
#include "base/file_map.h"
#include "base/size.h"
#include "cli/stopping.h"
#include "cli/text.h"
#include "data/data.h"
#include "data/formats/token_format.h"
#include "data/formats/shards.h"
#include "data/pieces.h"
#include "data/text_files.h"
#include "data/tokenisers/encode_all.h"

/* A tenth is held out in blocks of at least 4 kB, as of text, but not in more than this many: each has an end at which a
 * window meets what did not stand there. */
enum { BLOCKS_MAX = 256, BLOCK_LEAST = 4096, SHARDS_MAX = 10000 };

struct stretch {
    size_t from, end;
};

/* A text and how it is parted. */
struct source {
    struct file_map map;
    struct stretch *train, *held; /* (n_train), (n_held), owned */
    size_t n_train, n_held;
};

struct make {
    const struct data_make_options *o;
    const struct tokeniser_kind *kind;
    const char *with; /* what stands after its colon */
    struct text_files files;
    struct source *sources; /* (files.n) */
    struct tokeniser t;
    struct shards shards[2]; /* train, val */
    size_t bytes[2];
};

static const volatile sig_atomic_t *stop; /* NULL until something is written */

static enum status stopped(struct err *err)
{
    return stop && *stop ? err_set(err, E_INTERRUPTED, "interrupted; nothing was kept") : OK;
}

/* The beginning of the line that is next to `at`, at most `most` bytes after; else of the next word; else `at`. */
static size_t align(const struct file_map *m, size_t at, size_t most)
{
    size_t end = size_min(m->n, at + most);
    const unsigned char *line = at > 0 && at < end ? memchr(m->bytes + at - 1, '\n', end - at + 1) : NULL;
    if (line)
        return size_min((size_t)(line - m->bytes) + 1, m->n);
    size_t word = pretokens_cut(m->bytes, end, at);
    return word < end ? word : at;
}

static void add(struct stretch *s, size_t *n, size_t from, size_t end)
{
    if (end > from)
        s[(*n)++] = (struct stretch){from, end};
}

/* A tenth held out, from line to line. */
static enum status part_blocks(struct source *s, bool tail, struct err *err)
{
    size_t size = s->map.n, held = size / 10, at = 0;
    size_t n = tail || held == 0 ? held > 0 : size_min(BLOCKS_MAX, pieces_count(held, BLOCK_LEAST));
    TRY(size_calloc(&s->train, n + 1, sizeof *s->train, "pieces of a text", err));
    TRY(size_calloc(&s->held, n + 1, sizeof *s->held, "pieces of a text", err));
    for (size_t i = 0; i < n; i++) {
        struct piece b = tail ? (struct piece){size - held, held} : pieces_block(size, held, n, i);
        size_t from = size_max(at, align(&s->map, b.at, b.n / 2));
        size_t end = tail ? size : size_max(from, align(&s->map, b.at + b.n, b.n / 2));
        add(s->train, &s->n_train, at, from);
        add(s->held, &s->n_held, from, end);
        at = end;
    }
    add(s->train, &s->n_train, at, size);
    return OK;
}

static enum status part_whole(struct source *s, bool held, struct err *err)
{
    TRY(size_calloc(&s->train, 1, sizeof *s->train, "pieces of a text", err));
    TRY(size_calloc(&s->held, 1, sizeof *s->held, "pieces of a text", err));
    add(held ? s->held : s->train, held ? &s->n_held : &s->n_train, 0, s->map.n);
    return OK;
}

static enum status open_sources(struct make *m, struct err *err)
{
    const struct data_make_options *o = m->o;
    for (size_t i = 0; i < o->n_files; i++)
        TRY(text_files_add(&m->files, o->files[i], err));
    size_t n_train = m->files.n;
    for (size_t i = 0; i < o->n_val_files; i++)
        TRY(text_files_add(&m->files, o->val_files[i], err));
    TRY(size_calloc(&m->sources, m->files.n, sizeof *m->sources, "the list of files", err));
    for (size_t i = 0; i < m->files.n; i++) {
        struct source *s = &m->sources[i];
        const char *path = m->files.items[i].path;
        TRY(file_map_open(&s->map, path, err));
        if (token_format_is_marked(s->map.bytes, s->map.n))
            return err_set(err, E_DATA, "%s holds tokens already, not text", path);
        if (o->n_val_files > 0)
            TRY(part_whole(s, i >= n_train, err));
        else
            TRY(part_blocks(s, strcmp(o->heldout, "tail") == 0, err));
        for (size_t j = 0; j < s->n_train; j++)
            m->bytes[0] += s->train[j].end - s->train[j].from;
        for (size_t j = 0; j < s->n_held; j++)
            m->bytes[1] += s->held[j].end - s->held[j].from;
    }
    if (m->bytes[0] == 0 || m->bytes[1] == 0)
        return err_set(err, E_DATA, "%s: too short to hold out a tenth, %zu bytes", o->files[0], m->bytes[0] + m->bytes[1]);
    return OK;
}

static enum status make_tokeniser(struct make *m, struct err *err)
{
    struct pretokens w = {0};
    enum status st = OK;
    for (size_t i = 0; m->kind->learns && st == OK && i < m->files.n; i++)
        for (size_t j = 0; st == OK && j < m->sources[i].n_train; j++) {
            const struct stretch s = m->sources[i].train[j];
            st = pretokens_count(&w, m->sources[i].map.bytes + s.from, s.end - s.from, err);
        }
    if (st == OK)
        st = m->kind->make(&m->t, m->with, &w, err);
    pretokens_free(&w);
    return st;
}

static enum status take(void *ctx, const int32_t *tokens, size_t n, struct err *err)
{
    struct shards *s = ctx;
    TRY(stopped(err));
    if (n > 0 && (s->total + n - 1) / s->limit >= SHARDS_MAX)
        return err_set(err, E_DATA, "more than %d shards: raise --shard-tokens", SHARDS_MAX);
    return shards_put(s, tokens, n, err);
}

static enum status write_shards(struct make *m, struct encoders *e, size_t part, struct err *err)
{
    for (size_t i = 0; i < m->files.n; i++) {
        const struct source *s = &m->sources[i];
        const struct stretch *pieces = part == 0 ? s->train : s->held;
        size_t n = part == 0 ? s->n_train : s->n_held;
        for (size_t j = 0; j < n; j++)
            TRY(encoders_run(e, s->map.bytes + pieces[j].from, pieces[j].end - pieces[j].from, take, &m->shards[part], err));
    }
    return shards_end(&m->shards[part], err);
}

static enum status write_all(struct make *m, struct err *err)
{
    static const char *const stems[] = {"train", "val"};
    struct encoders e;
    char path[FILE_PATH_MAX];
    for (size_t part = 0; part < 2; part++)
        m->shards[part] = (struct shards){
            .dir = m->o->out, .stem = stems[part], .limit = m->o->shard_tokens, .wide = m->t.n > 65536};
    enum status st = encoders_init(&e, &m->t, err);
    for (size_t part = 0; st == OK && part < 2; part++)
        st = write_shards(m, &e, part, err);
    encoders_free(&e);
    if (st == OK)
        st = file_join(path, sizeof path, m->o->out, "tokenizer.json", err);
    if (st == OK)
        st = tokeniser_write(&m->t, path, err);
    for (size_t part = 0; st != OK && part < 2; part++) {
        shards_abandon(&m->shards[part]);
        for (size_t i = 0; i < m->shards[part].n; i++)
            if (shards_path(path, m->o->out, stems[part], i, NULL) == OK)
                remove(path);
    }
    return st;
}

/* Nothing is written over: shards of before would be taken for new ones. */
static enum status check_out(const char *dir, struct err *err)
{
    static const char *const names[] = {"tokenizer.json", "train_0000.bin", "val_0000.bin"};
    char path[FILE_PATH_MAX];
    if (file_exists(dir) && !file_is_dir(dir))
        return err_set(err, E_USAGE, "--out %s is no folder", dir);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        TRY(file_join(path, sizeof path, dir, names[i], err));
        if (file_exists(path))
            return err_set(err, E_USAGE, "%s is there already: give another --out, or remove it", path);
    }
    return OK;
}

static enum status print_part(const struct make *m, size_t part, struct err *err)
{
    const struct shards *s = &m->shards[part];
    char first[FILE_PATH_MAX], last[FILE_PATH_MAX], tokens[32], bytes[32];
    TRY(shards_path(first, s->dir, s->stem, 0, err));
    TRY(shards_path(last, s->dir, s->stem, s->n - 1, err));
    printf("%s%s%s: %s tokens of %s, %.4f bytes a token\n", first, s->n > 1 ? " to " : "", s->n > 1 ? last : "",
           count_format(tokens, sizeof tokens, (double)s->total), count_format_bytes(bytes, sizeof bytes, (double)m->bytes[part]),
           (double)m->bytes[part] / (double)s->total);
    return OK;
}

/* As a list of a config. */
static enum status print_list(const struct shards *s, struct err *err)
{
    char path[FILE_PATH_MAX];
    printf("[");
    for (size_t i = 0; i < s->n; i++) {
        TRY(shards_path(path, s->dir, s->stem, i, err));
        printf("%s\"", i ? ", " : "");
        for (const char *p = path; *p; p++)
            printf(*p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
        printf("\"");
    }
    printf("]");
    return OK;
}

static enum status print_made(const struct make *m, struct err *err)
{
    bool fewer = m->kind->learns && m->t.n_merges < strtoull(m->with, NULL, 10);
    printf("%s/tokenizer.json: %zu tokens, %zu merges%s\n", m->o->out, m->t.n, m->t.n_merges,
           fewer ? ", after which no two tokens stand side by side in a word" : "");
    TRY(print_part(m, 0, err));
    TRY(print_part(m, 1, err));
    printf("to train on them, in a config: \"data\": {\"source\": \"tokens\", \"files\": ");
    TRY(print_list(&m->shards[0], err));
    printf(", \"val_files\": ");
    TRY(print_list(&m->shards[1], err));
    printf("}\n");
    return OK;
}

static enum status check_options(struct make *m, struct err *err)
{
    const struct data_make_options *o = m->o;
    if (!o->tokeniser)
        return err_set(err, E_USAGE, "data make: give --tokeniser, one of byte, bpe:N and gpt2:FILE");
    if (!o->out)
        return err_set(err, E_USAGE, "data make: give --out, the folder for the shards");
    if (strcmp(o->heldout, "spread") != 0 && strcmp(o->heldout, "tail") != 0)
        return err_set(err, E_USAGE, "--heldout %s: expected spread or tail", o->heldout);
    if (o->shard_tokens < 1 || o->shard_tokens > INT32_MAX)
        return err_set(err, E_USAGE, "--shard-tokens %zu: expected 1 to %d", o->shard_tokens, INT32_MAX);
    TRY(check_out(o->out, err));
    return tokeniser_kind_of(&m->kind, &m->with, o->tokeniser, err);
}

enum status data_make(const struct data_make_options *o, struct err *err)
{
    struct make m = {.o = o};
    enum status st = check_options(&m, err);
    if (st == OK)
        st = open_sources(&m, err);
    if (st == OK)
        st = make_tokeniser(&m, err);
    stop = stopping_watch(); /* until here nothing is written, and a signal ends the program at once */
    bool made = st == OK && !file_exists(o->out);
    if (st == OK)
        st = file_mkdirs(o->out, err);
    if (st == OK)
        st = write_all(&m, err);
    if (st != OK && made)
        rmdir(o->out);
    if (st == OK)
        st = print_made(&m, err);
    for (size_t i = 0; i < m.files.n && m.sources; i++) {
        file_map_close(&m.sources[i].map);
        free(m.sources[i].train);
        free(m.sources[i].held);
    }
    free(m.sources);
    text_files_free(&m.files);
    tokeniser_free(&m.t);
    return st;
}
