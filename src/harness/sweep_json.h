/* sweep.json: what a sweep's folder was made by and from. */
#ifndef PLATEAU_HARNESS_SWEEP_JSON_H
#define PLATEAU_HARNESS_SWEEP_JSON_H

#include "harness/config.h"

struct sweep_facts {
    const char *version, *isa;
    double floor, eval_floor; /* of the language, and of the held-out set drawn from it; NaN: unknown */
    int cores;
    const struct data *data; /* its fingerprint, and its files', its vocabulary, how much there is to train on */
    double baseline;         /* of a text, baseline_of_text; NaN: none */
    bool first;              /* one that somebody else has written in the meantime stays */
};

/* The resolved config, the tool, the machine, and the true floor where it is known. A file that says just that
 * already is left alone. */
enum status sweep_json_write(const char *dir, const struct config *c, const struct sweep_facts *f,
                             struct err *err) WARN_UNUSED;

/* What is needed of an earlier one. */
struct sweep_json {
    bool found, damaged;      /* damaged: there, but none of ours; nothing below is known then */
    char why[256];            /* what is damaged */
    char fingerprint[24];     /* of the data; "" not known */
    double floor_heldout;     /* NaN: none */
    double baseline;          /* NaN: none */
    bool same_data;           /* the fingerprint is d's */
    bool same_config;         /* as c */
    bool same_held_out;       /* its held-out set is d's */
    char changed_file[256];   /* the first file of the data that is another now, with its sizes; "": not known */
    char parted[96];          /* how the same files were parted then, and are now; "": alike */
};
/* c, d: today's config and data, to compare with. */
void sweep_json_read(struct sweep_json *s, const char *dir, const struct config *c, const struct data *d);

/* What the data were, so that nobody has to read them again for it; found false in folders of earlier versions, which do not
 * tell. */
struct sweep_json_data {
    bool found;
    size_t vocab, train_tokens; /* as data_vocab and data_train_tokens have them */
    double baseline;            /* NaN: there is none, or it is not told */
};
void sweep_json_read_data(struct sweep_json_data *s, const char *dir);

/* Whether the sweeps of two folders read files of the same content, in the same order; so do two that read none. */
enum status sweep_json_same_files(bool *same, const char *a, const char *b, struct err *err) WARN_UNUSED;

#endif
