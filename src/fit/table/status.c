#include "fit/table/status.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fit/table/cells.h"

/* W&B, MLflow, Comet, Neptune, ClearML, Ray Tune, Slurm, Optuna, Kubernetes, and what people write by hand. */
static const struct {
    const char *word;
    enum run_state state;
} words[] = {
    {"done", RUN_DONE}, {"finished", RUN_DONE}, {"finish", RUN_DONE}, {"completed", RUN_DONE}, {"complete", RUN_DONE},
    {"success", RUN_DONE}, {"succeeded", RUN_DONE}, {"successful", RUN_DONE}, {"ok", RUN_DONE}, {"okay", RUN_DONE},
    {"passed", RUN_DONE}, {"ended", RUN_DONE}, {"converged", RUN_DONE}, {"terminated", RUN_DONE}, {"true", RUN_DONE},
    {"yes", RUN_DONE}, {"closed", RUN_DONE}, {"published", RUN_DONE}, {"inactive", RUN_DONE}, {"good", RUN_DONE},
    {"trained", RUN_DONE}, {"valid", RUN_DONE},
    {"diverged", RUN_DIVERGED}, {"diverging", RUN_DIVERGED}, {"nan", RUN_DIVERGED}, {"nan loss", RUN_DIVERGED},
    {"inf", RUN_DIVERGED}, {"unstable", RUN_DIVERGED}, {"exploded", RUN_DIVERGED}, {"not converged", RUN_DIVERGED},
    {"failed", RUN_FAILED}, {"fail", RUN_FAILED}, {"failure", RUN_FAILED}, {"crashed", RUN_FAILED},
    {"crash", RUN_FAILED}, {"error", RUN_FAILED}, {"errored", RUN_FAILED}, {"killed", RUN_FAILED},
    {"cancelled", RUN_FAILED}, {"canceled", RUN_FAILED}, {"aborted", RUN_FAILED}, {"stopped", RUN_FAILED},
    {"interrupted", RUN_FAILED}, {"timeout", RUN_FAILED}, {"timed out", RUN_FAILED}, {"oom", RUN_FAILED},
    {"out of memory", RUN_FAILED}, {"node fail", RUN_FAILED}, {"preempted", RUN_FAILED}, {"evicted", RUN_FAILED},
    {"pruned", RUN_FAILED}, {"false", RUN_FAILED}, {"no", RUN_FAILED}, {"lost", RUN_FAILED}, {"invalid", RUN_FAILED},
    {"incomplete", RUN_FAILED}, {"revoked", RUN_FAILED}, {"deadline", RUN_FAILED}, {"bad", RUN_FAILED},
    {"unfinished", RUN_UNFINISHED}, {"running", RUN_UNFINISHED}, {"queued", RUN_UNFINISHED}, {"pending", RUN_UNFINISHED},
    {"scheduled", RUN_UNFINISHED}, {"waiting", RUN_UNFINISHED}, {"created", RUN_UNFINISHED}, {"starting", RUN_UNFINISHED},
    {"started", RUN_UNFINISHED}, {"active", RUN_UNFINISHED}, {"in progress", RUN_UNFINISHED}, {"paused", RUN_UNFINISHED},
    {"suspended", RUN_UNFINISHED}, {"resuming", RUN_UNFINISHED}, {"preempting", RUN_UNFINISHED}, {"stopping", RUN_UNFINISHED},
    {"completing", RUN_UNFINISHED}, {"training", RUN_UNFINISHED}, {"new", RUN_UNFINISHED}, {"unknown", RUN_UNFINISHED},
};

enum run_state run_state_of(const char *word)
{
    char flat[40];
    size_t n = 0;
    if (strcasecmp(word, "nan") != 0 && cell_is_missing(word))
        return RUN_DONE;
    for (const char *p = word; *p && n + 1 < sizeof flat; p++)
        flat[n++] = *p == '_' || *p == '-' ? ' ' : (char)tolower((unsigned char)*p);
    while (n > 0 && (flat[n - 1] == '+' || flat[n - 1] == '.' || flat[n - 1] == '!'))
        n--; /* Slurm cuts long words: CANCELLED+ */
    flat[n] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(flat, words[i].word) == 0)
            return words[i].state;
    return RUN_UNKNOWN;
}

const char *run_state_words(char *buf, size_t size)
{
    static const char *const kinds[] = {"done", "diverged", "failed", "unfinished"};
    size_t at = 0;
    buf[0] = '\0';
    for (int s = 0; s < RUN_N_STATES; s++) {
        int shown = 0;
        for (size_t i = 0; i < sizeof words / sizeof *words && shown < 9 && at < size; i++)
            if ((int)words[i].state == s) {
                int wrote = snprintf(buf + at, size - at, "%s%s", shown++ ? ", " : s ? "; " : "", words[i].word);
                at += wrote > 0 ? (size_t)wrote : 0;
            }
        if (at < size) {
            int wrote = snprintf(buf + at, size - at, " (%s)", kinds[s]);
            at += wrote > 0 ? (size_t)wrote : 0;
        }
    }
    return buf;
}
