/* Runs read from a sweep's folder or from tables, and their fit: what fit, chart, plan, predict and the end of a sweep
 * start from, so that all of them speak of one fit.
 *
 * A sweep's folder has a fit of its own: its rows, with the options that its fit.json names, or where that is missing
 * or damaged those of its config. A fit is a function of rows and options, so this one can be made again at any time.
 * Every other fit of a folder is a what-if, which never replaces it. */
#ifndef PLATEAU_CLI_FITTED_H
#define PLATEAU_CLI_FITTED_H

#include "cli/fit_options.h"
#include "fit/input.h"
#include "harness/curves.h"

struct fitted {
    const char *const *sources; /* (n_sources) as given */
    size_t n_sources;
    const char *folder;    /* the one source, where it is a sweep's folder; else NULL */
    struct config cfg;     /* of that folder, as it lies there */
    const struct config *about; /* what is known of the runs: cfg, or that of the sweep; NULL for tables */
    bool of_sweeps;        /* all sources are sweeps' folders, of one kind of data: cfg is that of the first */
    struct fit_words own_words; /* the options of its own fit */
    struct fit_words words; /* those of this one */
    struct fit_options opt;
    struct fit_settings settings;
    struct fit_table table;
    struct curves curves;  /* training curves of the folders, of the runs in the table */
    size_t *curve_source;  /* (curves.n) which source each is from */
    struct curves *all;    /* (n_sources) those of every source; curves borrows from them */
    struct envelope_curve *lines; /* (opt.n_curves) */
    struct fit_lines careful;
    struct fit_input input;
    struct stored_fit stored; /* the folder's fit.json */
    bool own;              /* this is the folder's own fit */
    bool current;          /* and it is the one that fit.json holds */
    char why[256];         /* why it is not */
    struct fit_report report;
    char *json;            /* of the report, sealed */
};

/* Ready for fitted_parse or fitted_of_sweep. fitted_close in every case. */
void fitted_init(struct fitted *f);
void fitted_close(struct fitted *f);

/* Parse a command whose options hold the rows fit_words_args(.., &f->words) and whose words are the sources. For a
 * sweep's folder the defaults are the options of its own fit. args_free(spec, sources) afterwards, in every case. */
enum status fitted_parse(struct fitted *f, struct arg_list *sources, bool *help, const struct args_spec *spec,
                         int argc, char **argv, struct err *err) WARN_UNUSED;
/* The own fit of a folder under the section fit of c, which replaces what fit.json and sweep.json name. *dir and c
 * must outlive f. */
enum status fitted_of_sweep(struct fitted *f, const char *const *dir, const struct config *c,
                            struct err *err) WARN_UNUSED;

/* A fit of one source, a folder or table, by these words, whatever its own fit is. *source must outlive f. */
enum status fitted_of_source(struct fitted *f, const char *const *source, const struct fit_words *words,
                             struct err *err) WARN_UNUSED;

/* Read the rows and find out how this fit stands to the folder's own. E_DATA where runs are of unlike data. */
enum status fitted_read(struct fitted *f, struct err *err) WARN_UNUSED;
/* Fit them. */
enum status fitted_analyse(struct fitted *f, struct err *err) WARN_UNUSED;
/* E_DATA, with what it would take, where no law could be fitted. */
enum status fitted_need_law(const struct fitted *f, struct err *err) WARN_UNUSED;

/* What each column of a table from elsewhere was taken for, to stderr: before an answer, once nothing can be refused. */
void fitted_say_columns(const struct fitted *f);

/* E_USAGE where the file that an option names is a table that was read, or one that a sweep keeps: numbers must not
 * take the place of what they were made from, nor a what-if that of the sweep's own fit. */
enum status fitted_check_place(const struct fitted *f, const char *option, const char *path,
                               struct err *err) WARN_UNUSED;

/* What the runs are of, for messages. */
const char *fitted_name(const struct fitted *f);
/* What their losses are in: "nats per byte", "bits", ...; "" where it is not known. */
const char *fitted_unit(const struct fitted *f);

#endif
