#include "fit/table/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "fit/table/cells.h"
#include "fit/table/role.h"

/* Which loss is preferred: one on text that was held out, then one that does not say, then training's. Names that are made
 * up of known words (val/c4/loss) come after those that are known as a whole. */
enum {
    LOSS_VAL, LOSS_HELDOUT, LOSS_EVAL, LOSS_TEST, LOSS_PLAIN, LOSS_WORDS_VAL, LOSS_WORDS, LOSS_PPL, LOSS_BITS,
    LOSS_WORDS_PPL, LOSS_WORDS_BITS, LOSS_TRAIN, LOSS_WORDS_TRAIN
};

/* By role and rank, 0 the best. Names are flat (names.h), separated by blanks; letters are compared by case. */
static const struct {
    int role, rank;
    const char *names;
} known[] = {
    {FIT_PARAMS, 0, "params n_params num_params total_params params_total parameters n_parameters num_parameters "
                    "total_parameters param_count parameter_count params_count nparams numparams model_params "
                    "model_parameters num_model_params n_total_params"},
    {FIT_PARAMS, 1, "trainable_params trainable_parameters n_trainable_params num_trainable_params model_size"},
    {FIT_PARAMS, NAMES_LETTER, "N"},
    {FIT_PARAMS, NAMES_LETTER + 1, "size n"},
    {FIT_PARAMS_NONEMBD, 0, "params_nonembd params_no_embed params_no_embedding params_non_embedding params_non_embed "
                            "params_non_emb params_nonemb non_embedding_params non_embedding_parameters "
                            "nonembedding_params non_emb_params non_embed_params nonemb_params n_params_non_embedding "
                            "n_params_nonembd n_nonembd num_params_non_embedding params_excl_embedding"},
    {FIT_PARAMS_MATMUL, 0, "params_matmul"},
    {FIT_TOKENS, 0, "tokens n_tokens num_tokens train_tokens training_tokens total_tokens tokens_seen tokens_trained "
                    "token_count tokens_total n_train_tokens num_train_tokens trained_tokens consumed_tokens ntokens "
                    "seen_tokens tokens_consumed tokens_processed n_tokens_seen num_tokens_seen total_train_tokens"},
    {FIT_TOKENS, 1, "dataset_tokens data_tokens dataset_size data_size"},
    {FIT_TOKENS, NAMES_LETTER, "D"},
    {FIT_TOKENS, NAMES_LETTER + 1, "d"},
    {FIT_FLOPS, 0, "flops compute compute_budget train_flops training_flops n_flops total_flops flop training_compute "
                   "flops_total num_flops train_compute total_compute compute_flops flops_budget"},
    {FIT_FLOPS, NAMES_SPEED, "pf_days pfdays petaflop_days petaflop_s_days pflop_days pflop_s_days pflops_days mflops gflops "
                    "tflops pflops eflops zflops exaflops petaflops"},
    {FIT_FLOPS, NAMES_LETTER, "C"},
    {FIT_FLOPS, NAMES_LETTER + 1, "c"},
    {FIT_LOSS, LOSS_VAL, "val_loss valid_loss validation_loss loss_val loss_valid loss_validation final_val_loss "
                         "final_validation_loss val_loss_final val_ce val_nll val_cross_entropy valid_nll "
                         "validation_cross_entropy val_lm_loss"},
    {FIT_LOSS, LOSS_HELDOUT, "heldout_loss held_out_loss dev_loss loss_heldout holdout_loss"},
    {FIT_LOSS, LOSS_EVAL, "eval_loss loss_eval final_eval_loss eval_ce eval_nll eval_cross_entropy evaluation_loss"},
    {FIT_LOSS, LOSS_TEST, "test_loss loss_test final_test_loss test_nll test_ce"},
    {FIT_LOSS, LOSS_PLAIN, "loss final_loss loss_final cross_entropy cross_entropy_loss ce ce_loss nll nll_loss lm_loss xent "
                           "xent_loss lowest_loss min_loss best_loss loss_nats"},
    {FIT_LOSS, LOSS_PPL, "val_ppl valid_ppl validation_ppl eval_ppl test_ppl ppl perplexity val_perplexity valid_perplexity "
                         "validation_perplexity eval_perplexity test_perplexity heldout_ppl"},
    {FIT_LOSS, LOSS_BITS, "val_bpb bpb valid_bpb eval_bpb test_bpb bits_per_byte val_bits_per_byte eval_bits_per_byte val_bpc "
                          "bpc bits_per_char bits_per_character val_bits_per_char test_bpc val_bpt bpt bits_per_token val_bits "
                          "loss_bits bits val_loss_bits loss_bpb final_bpb"},
    {FIT_LOSS, LOSS_TRAIN, "train_loss training_loss loss_train final_train_loss train_loss_final train_ce train_nll tr_loss "
                           "smoothed_train_loss train_cross_entropy"},
    {FIT_LOSS, NAMES_LETTER, "L"},
    {FIT_LOSS, NAMES_LETTER + 1, "l"},
    {FIT_LOSS_SE, 0, "loss_se val_loss_se loss_stderr loss_std_err loss_std_error loss_sem val_loss_stderr"},
    {FIT_UNIQUE_TOKENS, 0, "unique_tokens data_unique n_unique_tokens num_unique_tokens tokens_unique"},
    {FIT_UNIQUE_TOKENS, NAMES_LETTER, "U"},
    {FIT_EPOCHS, 0, "epochs n_epochs num_epochs"},
    {FIT_SEED, 0, "seed random_seed rng_seed init_seed seed_id model_seed"},
    {FIT_ORDER_SEED, 0, "order_seed data_order_seed data_seed shuffle_seed"},
    {FIT_TOKENS_PER_S, 0, "tokens_per_s tokens_per_sec tokens_per_second"},
    {ROLE_TRUNK, 0, "trunk trajectory trunk_id trajectory_id"},
    {ROLE_RUN, 0, "run_id run run_name runid run_uuid"},
    {ROLE_RUN, 1, "name id trial trial_id trial_name experiment experiment_id experiment_name exp_name job_id"},
    {ROLE_STATUS, 0, "status state run_status run_state job_status job_state"},
};

static bool in_list(const char *names, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = names; n > 0 && (p = strstr(p, name)) != NULL; p += n)
        if ((p == names || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

/* Words in lower case joined by _; a capital after a small letter begins one (valLoss). */
static void flatten(char *out, size_t size, const char *s)
{
    size_t n = 0;
    for (const char *p = s; *p && n + 2 < size; p++) {
        unsigned char c = (unsigned char)*p;
        bool word = isalnum(c) || c >= 0x80;
        if (word && p > s && isupper(c) && islower((unsigned char)p[-1]) && n > 0)
            out[n++] = '_';
        if (word)
            out[n++] = (char)tolower(c);
        else if (*p == '#' && n == 0)
            n += (size_t)snprintf(out, size, "n_"); /* "# params" */
        else if (n > 0 && out[n - 1] != '_')
            out[n++] = '_';
    }
    while (n > 0 && out[n - 1] == '_')
        n--;
    out[n] = '\0';
}

/* A unit at the end of the words: params_millions, tokens_in_B (by case), compute_pf_days, or before them: B tokens. */
static void take_unit(struct column_name *out)
{
    static const char *const ends[] = {"thousands", "thousand", "millions", "million", "billions", "billion", "trillions",
                                       "trillion",
                                       "mio", "bn"};
    static const char *const flops[] = {"pf_days", "pfdays", "pflop_days", "pflops_days", "petaflop_days", "petaflop_s_days",
                                        "zflops",
                                        "zflop", "zettaflops", "zettaflop", "eflops", "eflop", "exaflops", "exaflop"};
    size_t m = strlen(out->base), n = strlen(out->flat);
    if (out->unit[0])
        return;
    if (m > 2 && n > 2 && strchr("_/ ", out->base[m - 2]) && strchr("kMBT", out->base[m - 1]) && out->flat[n - 2] == '_') {
        out->unit[0] = out->base[m - 1];
        out->flat[n -= 2] = '\0';
    } else if (m > 2 && n > 2 && strchr("kMBT", out->base[0]) && out->base[1] == ' ') { /* not "k ..." */
        out->unit[0] = out->base[0];
        memmove(out->flat, out->flat + 2, n - 1);
        n -= 2;
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends && !out->unit[0]; i++) {
        size_t e = strlen(ends[i]);
        if (n > e + 1 && out->flat[n - e - 1] == '_' && strcmp(out->flat + n - e, ends[i]) == 0) {
            snprintf(out->unit, sizeof out->unit, "%s", ends[i]);
            out->flat[n -= e + 1] = '\0';
        }
    }
    for (size_t i = 0; i < sizeof flops / sizeof *flops && !out->unit[0]; i++) { /* which name the quantity too */
        size_t e = strlen(flops[i]);
        if (n > e + 1 && out->flat[n - e - 1] == '_' && strcmp(out->flat + n - e, flops[i]) == 0)
            snprintf(out->unit, sizeof out->unit, "%s", flops[i]);
    }
    if (out->unit[0] && n > 3 && strcmp(out->flat + n - 3, "_in") == 0)
        out->flat[n - 3] = '\0';
}

void names_take_apart(struct column_name *out, const char *name)
{
    size_t n = strcspn(name, "([{");
    const char *close = name[n] ? strpbrk(name + n, ")]}") : NULL;
    memset(out, 0, sizeof *out);
    snprintf(out->base, sizeof out->base, "%.*s", (int)(n < 90 ? n : 90), name);
    if (close && n > 0)
        snprintf(out->unit, sizeof out->unit, "%.*s",
                 (int)(close - name - (ptrdiff_t)n - 1 < 60 ? close - name - (ptrdiff_t)n - 1 : 60), name + n + 1);
    else if (n == 0)
        snprintf(out->base, sizeof out->base, "%.90s", name);
    for (size_t m = strlen(out->base); m > 0 && (out->base[m - 1] == ' ' || out->base[m - 1] == '_'); m--)
        out->base[m - 1] = '\0';
    flatten(out->flat, sizeof out->flat, out->base);
    take_unit(out);
}

/* --- names made up of known words ------------------------------------------------------------------------------------ */

enum { MAX_WORDS = 16 };

struct words {
    char text[96];
    const char *at[MAX_WORDS];
    size_t n;
};

static void split(struct words *w, const char *flat)
{
    w->n = 0;
    snprintf(w->text, sizeof w->text, "%s", flat);
    for (char *p = w->text; *p && w->n < MAX_WORDS;) {
        w->at[w->n++] = p;
        p += strcspn(p, "_");
        if (*p)
            *p++ = '\0';
    }
}

/* Index of the first word that is in the list; n where none is. */
static size_t find_word(const struct words *w, const char *list)
{
    size_t i = 0;
    while (i < w->n && !in_list(list, w->at[i]))
        i++;
    return i;
}

static bool all_in(const struct words *w, const char *list)
{
    for (size_t i = 0; i < w->n; i++)
        if (!in_list(list, w->at[i]))
            return false;
    return w->n > 0;
}

/* params_active, active parameters, model.total_params, num non-embedding params. */
static int words_params(int *rank, const struct words *w)
{
    static const char fill[] = "param params parameter parameters n num number nr of total model count trainable learnable "
        "size all "
                               "overall full active activated effective non no not without excl excluding w o embedding embeddings "
                               "embed embd emb nonembd nonembedding nonemb nonembed nonembeddings in the config summary";
    if (find_word(w, "param params parameter parameters") == w->n || !all_in(w, fill))
        return -1;
    bool one = find_word(w, "nonembd nonembedding nonemb nonembed nonembeddings") < w->n;
    bool emb = find_word(w, "embedding embeddings embed embd emb") < w->n;
    bool non = find_word(w, "non no not without excl excluding o") < w->n;
    if (emb && !non)
        return -1; /* those of the embedding alone */
    *rank = NAMES_WORDS + (find_word(w, "active activated effective") < w->n ? 2 : 0);
    return one || emb ? FIT_PARAMS_NONEMBD : FIT_PARAMS;
}

static int words_tokens(int *rank, const struct words *w)
{
    static const char fill[] = "token tokens toks n num number nr of total train training trained pretraining pretrain seen "
        "consumed "
                               "processed data dataset count size all in the so far budget d global cumulative throughput unique "
                               "config summary final";
    if (find_word(w, "token tokens toks") == w->n || !all_in(w, fill))
        return -1;
    *rank = NAMES_WORDS;
    return find_word(w, "unique") < w->n ? FIT_UNIQUE_TOKENS : FIT_TOKENS;
}

static int words_flops(int *rank, const struct words *w)
{
    static const char fill[] = "flop flops compute n num number nr of total train training pretraining budget c model cost approx "
                               "approximate estimated est in the count used config summary pf pflop zflop zflops eflop eflops "
                               "exaflop exaflops zettaflop zettaflops petaflop pfdays pflops day days s";
    static const char core[] = "flop flops compute zflop zflops eflop eflops exaflop exaflops zettaflop zettaflops pf pfdays "
        "petaflop pflop";
    bool rate = find_word(w, "s") < w->n && find_word(w, "day days") == w->n;
    if (find_word(w, core) == w->n || rate || !all_in(w, fill))
        return -1;
    *rank = NAMES_WORDS;
    return FIT_FLOPS;
}

/* Where the words that name the measure begin, and how many they are; n: there are none. */
static size_t find_measure(size_t *length, bool *ppl, bool *bits, const struct words *w)
{
    for (size_t i = 0; i < w->n; i++) {
        *length = 1;
        *ppl = in_list("ppl perplexity", w->at[i]);
        *bits = in_list("bpb bpc bpt", w->at[i]);
        if (*ppl || *bits || in_list("loss nll ce xent crossentropy celoss", w->at[i]))
            return i;
        if (i + 1 < w->n && strcmp(w->at[i], "cross") == 0 && strcmp(w->at[i + 1], "entropy") == 0)
            return *length = 2, i;
        if (i + 2 < w->n && strcmp(w->at[i], "bits") == 0 && strcmp(w->at[i + 1], "per") == 0 &&
            in_list("byte char character token", w->at[i + 2]))
            return *bits = true, *length = 3, i;
    }
    return w->n;
}

/* eval/c4_en-validation/CrossEntropyLoss, paloma/c4/bpb, metrics.val.loss: anything may stand before the measure, but for what
 * makes it another quantity. */
static int words_loss(int *rank, const struct words *w)
{
    static const char held[] = "val valid validation eval evaluation test dev heldout holdout";
    static const char tail[] = "val valid validation eval evaluation test dev heldout holdout train training final last min "
        "best mean "
                               "avg average smoothed ema nats bits none loss word byte token nll ce";
    static const char others[] = "aux z lb moe balance balancing router routing load distill distillation kd kl weight "
        "weights scale "
                                 "scaling factor fn function type spike spikes delta diff difference gap excess reducible "
                                     "irreducible "
                                 "predicted pred prediction fit fitted expected target targets baseline initial init start "
                                     "reward value "
                                 "policy reg regularization regularizer l1 l2 contrastive mse mae std var variance change rel "
                                     "relative "
                                 "ratio improvement rank count step floor entropy_floor se sem stderr std_err max worst unscaled";
    size_t length;
    bool ppl, bits;
    size_t at = find_measure(&length, &ppl, &bits, w);
    if (at == w->n || find_word(w, others) < w->n)
        return -1;
    for (size_t i = at + length; i < w->n; i++)
        if (!in_list(tail, w->at[i]))
            return -1;
    bool trained = find_word(w, "train training tr") < w->n, val = find_word(w, held) < w->n;
    *rank = trained && !val ? LOSS_WORDS_TRAIN : ppl ? LOSS_WORDS_PPL : bits ? LOSS_WORDS_BITS : val ? LOSS_WORDS_VAL : LOSS_WORDS;
    return FIT_LOSS;
}

static int from_words(int *rank, const char *flat)
{
    static int (*const kinds[])(int *, const struct words *) = {words_params, words_tokens, words_flops, words_loss};
    struct words w;
    int role = -1;
    split(&w, flat);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && role < 0; i++)
        role = kinds[i](rank, &w);
    return role;
}

static int find_role(int *rank, const char *flat, const char *base)
{
    bool letter = base[0] && base[1] == '\0';
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (in_list(known[i].names, letter ? base : flat)) {
            *rank = known[i].rank;
            return known[i].role;
        }
    return letter ? -1 : from_words(rank, flat);
}

int names_role(int *rank, const struct column_name *name)
{
    int role = find_role(rank, name->flat, name->base);
    /* of a nested name its last part: train.n_tokens, metrics/final_loss */
    const char *tail = role < 0 ? strpbrk(name->base, "./") : NULL;
    while (role < 0 && tail) {
        char flat[96];
        flatten(flat, sizeof flat, tail + 1);
        role = strlen(flat) > 1 ? find_role(rank, flat, flat) : -1;
        if (role >= 0)
            *rank += NAMES_NESTED;
        tail = strpbrk(tail + 1, "./");
    }
    char unit[64];
    flatten(unit, sizeof unit, name->unit);
    if (role == FIT_PARAMS && strstr(unit, "emb") &&
        (strstr(unit, "non") || strstr(unit, "no_") || strstr(unit, "excl") || strstr(unit, "without") ||
         strstr(unit, "w_o")))
        role = FIT_PARAMS_NONEMBD;
    return role;
}

int names_flag(const struct column_name *name)
{
    if (in_list("converged finished completed done success succeeded ok is_done is_finished has_converged", name->flat))
        return 1;
    return in_list("diverged failed crashed is_diverged has_diverged nan is_nan", name->flat) ? -1 : 0;
}

static bool has_word(const struct column_name *name, const char *word)
{
    char unit[64];
    flatten(unit, sizeof unit, name->unit);
    const char *in[2] = {name->flat, unit};
    for (int i = 0; i < 2; i++) {
        size_t n = strlen(word);
        for (const char *p = in[i]; (p = strstr(p, word)) != NULL; p++)
            if ((p == in[i] || p[-1] == '_') && (p[n] == '\0' || p[n] == '_'))
                return true;
    }
    return false;
}

const char *names_loss_unit(bool *log, const struct column_name *name)
{
    static const struct {
        const char *word, *unit;
    } units[] = {
        {"bpb", "bits per byte"}, {"bits_per_byte", "bits per byte"}, {"bits_byte", "bits per byte"},
        {"bpc", "bits per character"}, {"bits_per_char", "bits per character"},
        {"bits_per_character", "bits per character"}, {"bpt", "bits per token"}, {"bits_per_token", "bits per token"},
        {"bits", "bits"}, {"base_2", "bits"}, {"base2", "bits"}, {"log2", "bits"}, {"nats", "nats"}, {"loss", "nats"},
        {"nll", "nats"}, {"ce", "nats"}, {"entropy", "nats"},
        {"xent", "nats"},
    };
    *log = has_word(name, "ppl") || has_word(name, "perplexity");
    if (*log || strcmp(name->base, "L") == 0)
        return "nats";
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (has_word(name, units[i].word))
            return units[i].unit;
    return "";
}
