#include "data/tokenisers/pretokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/each.h"
#include "base/hash.h"
#include "base/size.h"
#include "data/tokenisers/unicode.h"

/* Bytes of the characters of that class at s. */
static size_t run_of(enum unicode_class class, const unsigned char *s, size_t n)
{
    size_t at = 0, length;
    while (at < n && unicode_class_at(&length, s + at, n - at) == class)
        at += length;
    return at;
}

/* Of an English ending, which begins with an apostrophe; 0: there is none. */
static size_t ending(const unsigned char *s, size_t n)
{
    if (n < 2 || s[0] != '\'')
        return 0;
    if (s[1] == 's' || s[1] == 't' || s[1] == 'm' || s[1] == 'd')
        return 2;
    if (n > 2 && ((s[1] == 'r' && s[2] == 'e') || (s[1] == 'v' && s[2] == 'e') || (s[1] == 'l' && s[2] == 'l')))
        return 3;
    return 0;
}

static size_t spaces(const unsigned char *s, size_t n)
{
    size_t at = 0, last = 0, length;
    while (at < n && unicode_class_at(&length, s + at, n - at) == UNICODE_SPACE) {
        last = at;
        at += length;
    }
    return at < n && last > 0 ? last : at;
}

size_t pretokens_next(const unsigned char *s, size_t n)
{
    size_t blank = *s == ' ' && n > 1, length = ending(s, n);
    if (length > 0)
        return length;
    enum unicode_class class = unicode_class_at(&length, s + blank, n - blank);
    if (class == UNICODE_SPACE)
        return spaces(s, n);
    return blank + run_of(class, s + blank, n - blank);
}

size_t pretokens_cut(const unsigned char *s, size_t n, size_t from)
{
    for (size_t i = size_max(from, 1); i < n; i++)
        if ((s[i] == ' ' || s[i] == '\n') && s[i - 1] > ' ' && s[i - 1] < 0x7F)
            return i;
    return n;
}

static enum status grow_slots(struct pretokens *w, struct err *err)
{
    size_t n = w->n_slots ? 2 * w->n_slots : 1024;
    uint32_t *slots;
    TRY(size_calloc(&slots, n, sizeof *slots, "the words of a text", err));
    for (size_t i = 0; i < w->n; i++) {
        size_t at = w->items[i].hash & (n - 1);
        while (slots[at])
            at = (at + 1) & (n - 1);
        slots[at] = (uint32_t)i + 1;
    }
    free(w->slots);
    w->slots = slots;
    w->n_slots = n;
    return OK;
}

/* Room for one more item of so many bytes. */
static enum status make_room(struct pretokens *w, size_t length, struct err *err)
{
    if (w->n >= UINT32_MAX - 1)
        return err_set(err, E_DATA, "more than 2^32 different words");
    TRY(size_reserve(&w->items, &w->cap, w->n + 1, sizeof *w->items, "the words of a text", err));
    return size_reserve(&w->bytes, &w->bytes_cap, w->n_bytes + length, 1, "the words of a text", err);
}

/* The slot of a word, or the free one where it belongs. */
static size_t slot_of(const struct pretokens *w, const unsigned char *word, size_t length, uint64_t hash)
{
    size_t at = hash & (w->n_slots - 1);
    for (; w->slots[at]; at = (at + 1) & (w->n_slots - 1)) {
        const struct pretoken *i = &w->items[w->slots[at] - 1];
        if (i->hash == hash && i->length == length && memcmp(w->bytes + i->at, word, length) == 0)
            break;
    }
    return at;
}

static enum status find_hashed(size_t *place, bool *found, struct pretokens *w, const unsigned char *word, size_t length,
                               uint64_t hash, struct err *err)
{
    if (2 * (w->n + 1) > w->n_slots)
        TRY(grow_slots(w, err));
    size_t at = slot_of(w, word, length, hash);
    *found = w->slots[at] > 0;
    if (!*found) {
        TRY(make_room(w, length, err));
        if (length > 0)
            memcpy(w->bytes + w->n_bytes, word, length);
        w->items[w->n] = (struct pretoken){.at = w->n_bytes, .length = length, .hash = hash};
        w->n_bytes += length;
        w->slots[at] = (uint32_t)++w->n;
    }
    *place = w->slots[at] - 1;
    return OK;
}

size_t pretokens_place(const struct pretokens *w, const unsigned char *word, size_t length)
{
    if (w->n_slots == 0)
        return w->n;
    size_t at = slot_of(w, word, length, hash_bytes(HASH_SEED, word, length));
    return w->slots[at] ? w->slots[at] - 1 : w->n;
}

enum status pretokens_find(size_t *place, bool *found, struct pretokens *w, const unsigned char *word, size_t length,
                           struct err *err)
{
    return find_hashed(place, found, w, word, length, hash_bytes(HASH_SEED, word, length), err);
}

static enum status count_here(struct pretokens *w, const unsigned char *text, size_t n, struct err *err)
{
    for (size_t at = 0; at < n;) {
        size_t length = pretokens_next(text + at, n - at), place;
        bool found;
        TRY(pretokens_find(&place, &found, w, text + at, length, err));
        w->items[place].count++;
        at += length;
    }
    return OK;
}

static enum status add_all(struct pretokens *to, const struct pretokens *from, struct err *err)
{
    for (size_t i = 0; i < from->n; i++) {
        const struct pretoken *word = &from->items[i];
        size_t place;
        bool found;
        TRY(find_hashed(&place, &found, to, from->bytes + word->at, word->length, word->hash, err));
        to->items[place].count += word->count;
    }
    return OK;
}

/* Pieces of a text, each for one thread: whose words are whose does not matter to a sum. */
enum { PIECES = 16 };
struct pieces {
    const unsigned char *text;
    size_t cut[PIECES + 1];
    struct pretokens part[PIECES];
    struct err errs[PIECES];
    enum status st[PIECES];
};

static void count_piece(void *ctx, size_t i, size_t thread)
{
    struct pieces *p = ctx;
    (void)thread;
    p->st[i] = count_here(&p->part[i], p->text + p->cut[i], p->cut[i + 1] - p->cut[i], &p->errs[i]);
}

enum status pretokens_count(struct pretokens *w, const unsigned char *text, size_t n, struct err *err)
{
    struct pieces p = {.text = text};
    enum status all = OK;
    if (n < 1 << 20)
        return count_here(w, text, n, err);
    for (size_t i = 1; i <= PIECES; i++)
        p.cut[i] = i == PIECES ? n : pretokens_cut(text, n, size_max(p.cut[i - 1], n / PIECES * i));
    each_run(PIECES, count_piece, &p);
    for (size_t i = 0; i < PIECES; i++) {
        if (all == OK && (all = p.st[i]) != OK && err)
            *err = p.errs[i];
        if (all == OK)
            all = add_all(w, &p.part[i], err);
        pretokens_free(&p.part[i]);
    }
    return all;
}

void pretokens_free(struct pretokens *w)
{
    free(w->bytes);
    free(w->items);
    free(w->slots);
    *w = (struct pretokens){0};
}
