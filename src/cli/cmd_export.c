/* plateau export: a run's weights as other programs read them. A format is a row of `formats`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/cmd.h"
#include "cli/setup.h"
#include "cli/text.h"
#include "harness/weights.h"
#include "model/formats/hf.h"
#include "model/formats/llmc.h"

struct words {
    const char *format, *out;
    size_t member; /* SIZE_MAX: not given */
};

/* Where it goes: a file of weights, and the config beside it, "" where the format has none. */
struct places {
    char weights[FILE_PATH_MAX], config[FILE_PATH_MAX];
};

struct format {
    const char *name, *usual; /* what --out is in the run's folder unless it is given */
    enum status (*check)(const struct gpt *g, struct err *err);
    enum status (*places)(struct places *p, const char *out, struct err *err);
    enum status (*weights)(FILE *out, const char *path, const struct gpt *g, const char *who, struct err *err);
};

/* --- safetensors ------------------------------------------------------------------------------------------------------- */

static enum status check_hf(const struct gpt *g, struct err *err)
{
    const struct hf_arch *arch;
    return hf_arch_for(&arch, &g->shape, NULL, err);
}

/* A file's name ends in .safetensors; anything else is a folder. */
static enum status places_hf(struct places *p, const char *out, struct err *err)
{
    char dir[FILE_PATH_MAX];
    const char *slash = strrchr(out, '/');
    bool file = text_ends_with(out, ".safetensors");
    if (file && !slash)
        strcpy(dir, ".");
    else
        TRY(file_join(dir, sizeof dir, out, "", err));
    if (file && slash)
        dir[slash == out ? 1 : slash - out] = '\0';
    TRY(file_mkdirs(dir, err));
    TRY(file ? file_join(p->weights, sizeof p->weights, out, "", err)
             : file_join(p->weights, sizeof p->weights, dir, "model.safetensors", err));
    return file_join(p->config, sizeof p->config, dir, "config.json", err);
}

static enum status weights_hf(FILE *out, const char *path, const struct gpt *g, const char *who, struct err *err)
{
    const struct hf_arch *arch;
    TRY(hf_arch_for(&arch, &g->shape, NULL, err));
    return hf_write_weights(out, path, arch, g, who, err);
}

/* A config.json that is none of transformers' is somebody's, such as a run's: it stays. */
static enum status check_config(const char *path, struct err *err)
{
    char *text;
    size_t size;
    if (!file_exists(path))
        return OK;
    TRY(file_read_regular(&text, &size, path, err));
    bool theirs = strstr(text, "\"model_type\"") != NULL;
    free(text);
    return theirs ? OK : err_set(err, E_DATA, "%s is not transformers': it would be lost; name another folder with --out", path);
}

static enum status write_config(const char *path, const struct gpt *g, struct err *err)
{
    const struct hf_arch *arch;
    char *text;
    size_t size;
    TRY(hf_arch_for(&arch, &g->shape, NULL, err));
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return err_set(err, E_NOMEM, "out of memory for %s", path);
    hf_write_config(out, arch, g);
    if (fclose(out) != 0)
        return err_set(err, E_NOMEM, "out of memory for %s", path);
    enum status st = file_write_atomic(path, text, size, err);
    free(text);
    return st;
}

/* --- llm.c --------------------------------------------------------------------------------------------------------------- */

static enum status check_llmc(const struct gpt *g, struct err *err)
{
    return llmc_check(&g->shape, err);
}

static enum status places_llmc(struct places *p, const char *out, struct err *err)
{
    if (file_is_dir(out))
        return file_join(p->weights, sizeof p->weights, out, "model.bin", err);
    return file_join(p->weights, sizeof p->weights, out, "", err);
}

static enum status weights_llmc(FILE *out, const char *path, const struct gpt *g, const char *who, struct err *err)
{
    (void)who;
    return llmc_write(out, path, g, err);
}

static const struct format formats[] = {
    {"safetensors", "hf", check_hf, places_hf, weights_hf},
    {"llm.c", "llmc.bin", check_llmc, places_llmc, weights_llmc},
};

static enum status pick_format(const struct format **f, const char *name, struct err *err)
{
    for (size_t i = 0; name && i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0) {
            *f = &formats[i];
            return OK;
        }
    return name ? err_set(err, E_USAGE, "--format %s: expected safetensors or llm.c", name)
                : err_set(err, E_USAGE, "export: --format safetensors or --format llm.c");
}

/* --- the command ------------------------------------------------------------------------------------------------------------ */

static enum status pick_member(const struct gpt **g, const struct weights *w, size_t member, struct err *err)
{
    if (w->e.n > 1 && member == SIZE_MAX)
        return err_set(err, E_CONFIG, "%s is an ensemble of %zu models (model.ensemble), which no such file holds: --member 1 to "
                       "%zu", w->dir, w->e.n, w->e.n);
    if (member != SIZE_MAX && (member < 1 || member > w->e.n))
        return err_set(err, E_USAGE, "--member %zu: the run has %zu model%s", member, w->e.n, w->e.n == 1 ? "" : "s");
    *g = &w->e.g[member == SIZE_MAX ? 0 : member - 1];
    return OK;
}

static enum status write_all(const struct format *f, const struct places *p, const struct gpt *g, const char *who, struct err *err)
{
    struct file_writer w;
    if (p->config[0])
        TRY(check_config(p->config, err));
    TRY(file_writer_open(&w, p->weights, err));
    enum status st = f->weights(w.out, p->weights, g, who, err);
    if (st != OK) {
        file_writer_abandon(&w);
        return st;
    }
    TRY(file_writer_commit(&w, err));
    return p->config[0] ? write_config(p->config, g, err) : OK;
}

static enum status export(const struct weights *w, const struct format *f, const struct words *words, struct err *err)
{
    const struct gpt *g = NULL;
    struct places p = {.config = ""};
    char out[FILE_PATH_MAX];
    TRY(pick_member(&g, w, words->member, err));
    if (f->check(g, err) != OK)
        return err_wrap(err, "%s", w->dir);
    TRY(words->out ? file_join(out, sizeof out, words->out, "", err) : file_join(out, sizeof out, w->dir, f->usual, err));
    TRY(f->places(&p, out, err));
    TRY(write_all(f, &p, g, file_basename(w->dir), err));
    printf("%s\n", p.weights);
    if (w->notes[0])
        text_message(stderr, "", "%s", w->notes);
    if (w->shape.mtp)
        text_message(stderr, "", "heads for further tokens (model.mtp) are of training alone: they are not in it");
    if (p.config[0] && text_ends_with(p.weights, "/model.safetensors")) {
        const struct hf_arch *arch;
        TRY(hf_arch_for(&arch, &g->shape, NULL, err));
        p.config[strlen(p.config) - strlen("/config.json")] = '\0';
        text_message(stderr, "", "transformers reads it: %s.from_pretrained(\"%s\")", arch->model, p.config);
    }
    return OK;
}

enum status cmd_export(int argc, char **argv, struct err *err)
{
    struct words words = {.member = SIZE_MAX};
    struct arg_list paths;
    const struct format *f = NULL;
    bool help;
    const struct arg args[] = {
        {"--format", ARG_STRING, &words.format, "FORMAT",
         "safetensors (with transformers' names and a config.json: GPT-2, Llama or Olmo 3) or llm.c (version 3, GPT-2 alone)"},
        {"--out", ARG_STRING, &words.out, "FILE|DIR",
         "where it goes: a folder, or a file whose name ends in .safetensors (default: hf or llmc.bin in the run's folder)"},
        {"--member", ARG_SIZE, &words.member, "K", "of an ensemble: which of its models, from 1 on"},
    };
    const struct args_spec spec = {
        .command = "export",
        .positionals = "RUN",
        .summary = "The weights of a run, or of a sweep's best run, for other programs. What they do not have is folded into the "
                   "weights where that is exact; what cannot be is refused by the name of its switch.",
        .min_positionals = 1,
        .max_positionals = 1,
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    enum status st = args_parse(&spec, &paths, &help, argc, argv, err);
    if (st == OK && !help)
        st = pick_format(&f, words.format, err);
    if (st == OK && !help) {
        struct weights w = {.is_run = false};
        const struct weights_how how = {.isa = kern_isa_best(), .B = 1, .threads = 1};
        st = weights_open_run(&w, paths.items[0], &how, err);
        if (st == OK)
            st = export(&w, f, &words, err);
        weights_free(&w);
    }
    args_free(&spec, &paths);
    return st;
}
