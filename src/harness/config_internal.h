/* What the files of the configuration share: the table's rows, and how to find one. config.h is for all others. */
#ifndef PLATEAU_HARNESS_CONFIG_INTERNAL_H
#define PLATEAU_HARNESS_CONFIG_INTERNAL_H

#include "harness/config.h"

enum type { T_STRING, T_PATH, T_ENUM, T_BOOL, T_SIZE, T_COUNT, T_DOUBLE, T_RATE, T_SECONDS, T_STRINGS, T_COUNTS, T_SHAPES, T_RUNS,
            T_VARY };

/* Whether a key decides a run's results, and so enters config_hash: see "Adding a key" in config.h. FIRST is for the
 * keys of the first version alone, whose rows keep their order. */
enum hashed { NEVER, FIRST, LATER };

struct key {
    const char *path;
    enum type type;
    size_t offset;
    double min, max;
    double number;     /* default of a number, index of an enum's */
    const char *text;  /* default of a string; the words of an enum, separated by '|' */
    enum hashed hashed;
    const char *help;
};

/* Whether its field is a size_t: a whole number, the index of a word, 0 or 1. Else, of a number, a double. */
static inline bool key_is_whole(const struct key *k)
{
    return k->type == T_SIZE || k->type == T_ENUM || k->type == T_BOOL;
}

/* A number or a choice whose default is not what the program did before: what it did, and for which configs that decides
 * anything. A key that came LATER enters the hash where it does and the value is another one. */
struct key_before {
    const char *path;
    double value; /* of a choice, the place of a word */
    bool (*matters)(const struct config *c);
};
extern const struct key_before config_key_befores[]; /* (config_n_befores) */
extern const size_t config_n_befores;
/* NULL: the default is what it did. */
const struct key_before *config_keys_before(const struct key *k);

/* The value of a key that is one number, or one word by its place. */
double config_number(const struct config *c, const struct key *k);
void config_set_number(struct config *c, const struct key *k, double value);

extern const struct key config_keys[]; /* (config_n_keys) */
extern const size_t config_n_keys;

static inline void *config_field(const struct config *c, const struct key *k)
{
    return (char *)c + k->offset;
}

/* Bytes of a value, of a key that is no list of numbers and no string. */
size_t config_value_size(const struct key *k);

/* NULL where there is none. */
const struct key *config_keys_find(const char *path);
/* Whether keys of that section are there: "train" for train.lr. */
bool config_keys_has_section(const char *name);
/* Whether the user wrote the key: in a file, a --set or a list of what varies. A preset, a folder's file and a base do not
 * count; nor does what a program fills in. */
bool config_is_written(const struct config *c, const struct key *k);
void config_write_down(struct config *c, const struct key *k, bool written);

/* Whether `words`, with blanks between them, has that word. */
bool config_has_word(const char *words, const char *word);

/* Always E_CONFIG: a key of another tool, of another section, or misspelt, and what was meant. */
enum status config_keys_unknown(const char *path, struct err *err) WARN_UNUSED;

/* All switches of model.* as model.preset has them. */
enum status config_take_preset(struct config *c, struct err *err) WARN_UNUSED;

/* The value of a key as JSON on one line; free with free(). */
enum status config_key_text(char **text, const struct config *c, const struct key *k, struct err *err) WARN_UNUSED;
/* Whether both have one value. */
enum status config_key_same(bool *same, const struct config *a, const struct config *b, const struct key *k, struct err *err)
    WARN_UNUSED;

void config_strings_free(struct config_strings *s);

/* Read the value of that member of a file's object, or the object itself (NULL), over what c holds. */
enum status config_load_member(struct config *c, const char *path, const char *member, struct err *err) WARN_UNUSED;

#endif
