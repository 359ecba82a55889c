#include "fit/table/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "fit/table/cells.h"
#include "fit/table/roles.h"

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
    {FIT_PARAMS, NAMES_LETTER + 1, "size"},
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
    {FIT_FLOPS, 0, "flops compute compute_budget train_flops training_flops n_flops total_flops flop training_compute "
                   "flops_total num_flops train_compute total_compute compute_flops flops_budget"},
    {FIT_FLOPS, 10, "pf_days pfdays petaflop_days petaflop_s_days pflop_days pflop_s_days pflops_days mflops gflops "
                    "tflops pflops eflops zflops exaflops petaflops"},
    {FIT_FLOPS, NAMES_LETTER, "C"},
    {FIT_LOSS, 0, "val_loss valid_loss validation_loss eval_loss test_loss heldout_loss held_out_loss dev_loss loss_val "
                  "loss_valid loss_validation loss_eval loss_test loss_heldout final_val_loss final_eval_loss "
                  "final_test_loss final_validation_loss val_loss_final val_ce val_nll val_cross_entropy eval_ce eval_nll "
                  "test_nll test_ce valid_nll eval_cross_entropy validation_cross_entropy val_lm_loss"},
    {FIT_LOSS, 1, "loss final_loss loss_final cross_entropy cross_entropy_loss ce ce_loss nll nll_loss lm_loss xent "
                  "xent_loss lowest_loss min_loss best_loss loss_nats"},
    {FIT_LOSS, 2, "val_ppl valid_ppl validation_ppl eval_ppl test_ppl ppl perplexity val_perplexity valid_perplexity "
                  "validation_perplexity eval_perplexity test_perplexity heldout_ppl"},
    {FIT_LOSS, 3, "val_bpb bpb valid_bpb eval_bpb test_bpb bits_per_byte val_bits_per_byte eval_bits_per_byte val_bpc bpc "
                  "bits_per_char bits_per_character val_bits_per_char test_bpc val_bpt bpt bits_per_token val_bits "
                  "loss_bits bits val_loss_bits loss_bpb final_bpb"},
    {FIT_LOSS, 4, "train_loss training_loss loss_train final_train_loss train_loss_final train_ce train_nll tr_loss "
                  "smoothed_train_loss train_cross_entropy"},
    {FIT_LOSS, NAMES_LETTER, "L"},
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
    size_t m = strlen(out->base), f = strlen(out->flat);
    /* params_M, tokens_B: a unit at the end, by case */
    if (!out->unit[0] && m > 2 && out->base[m - 2] == '_' && strchr("kMBT", out->base[m - 1]) && f > 2 && out->flat[f - 2] == '_') {
        out->unit[0] = out->base[m - 1];
        out->flat[f - 2] = '\0';
    }
}

static int find_role(int *rank, const char *flat, const char *base)
{
    bool letter = base[0] && base[1] == '\0';
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (in_list(known[i].names, letter ? base : flat)) {
            *rank = known[i].rank;
            return known[i].role;
        }
    return -1;
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
        {"bits", "bits"}, {"nats", "nats"}, {"loss", "nats"}, {"nll", "nats"}, {"ce", "nats"}, {"entropy", "nats"},
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
