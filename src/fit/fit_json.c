#include "fit/fit_json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "fit/json_put.h"
#include "fit/solve/profile.h"

/* --- fit.json ---------------------------------------------------------------------------------------- */

static cJSON *put_value(cJSON *o, const char *key, struct fit_value v)
{
    cJSON *x = cJSON_AddObjectToObject(o, key);
    json_put(x, "value", v.value);
    json_put(x, "se", v.se);
    json_put_pair(x, "ci95", v.lo, v.hi);
    return x;
}

static void put_lines(cJSON *o, const char *key, const struct fit_lines *lines)
{
    cJSON *a = cJSON_AddArrayToObject(o, key);
    for (size_t i = 0; i < lines->n; i++)
        cJSON_AddItemToArray(a, cJSON_CreateString(lines->text[i]));
}

static void put_profile(cJSON *params, const struct fit_law *f, const struct fit_profile *t)
{
    cJSON *p = cJSON_GetObjectItemCaseSensitive(params, f->law->params[t->param].name);
    cJSON *o = cJSON_AddObjectToObject(p, "profile");
    cJSON_AddItemToObject(o, "values", cJSON_CreateDoubleArray(t->value, (int)t->n));
    cJSON_AddItemToObject(o, "objective", cJSON_CreateDoubleArray(t->objective, (int)t->n));
}

/* Which run: by its name, or by its line in the table. */
static void put_run(cJSON *o, const struct origin_name *at, size_t row)
{
    if (at->is_run)
        cJSON_AddStringToObject(o, "run", at->text + strlen("run "));
    else
        json_put(o, "row", (double)(at->line > 0 ? at->line : row + 1));
}

static void put_held(cJSON *law, const struct fit_law *f)
{
    cJSON *a = cJSON_AddArrayToObject(law, "holdout");
    for (size_t i = 0; i < f->holdout_n; i++) {
        const struct fit_held *h = &f->held[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddItemToArray(a, o);
        put_run(o, &h->at, h->row);
        json_put(o, "loss", h->loss);
        json_put(o, "predicted", h->predicted);
        cJSON_AddBoolToObject(o, "best", h->best);
    }
}

static void put_law(cJSON *laws, const struct fit_law *f)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToArray(laws, o);
    cJSON_AddStringToObject(o, "name", f->law->name);
    cJSON_AddStringToObject(o, "form", f->law->form);
    if (f->law->n_vars == 1)
        cJSON_AddStringToObject(o, "x", f->x_name);
    json_put(o, "n", (double)f->n);
    cJSON *params = cJSON_AddObjectToObject(o, "params");
    for (size_t j = 0; j < f->law->n_params; j++) {
        cJSON *p = put_value(params, f->law->params[j].name, profile_value(f, j));
        bool identified = profile_identified(f, j);
        if (identified && (isfinite(f->bca_lo[j]) || isfinite(f->bca_hi[j])))
            json_put_pair(p, "ci95_bca", f->bca_lo[j], f->bca_hi[j]);
        if (identified && (isfinite(f->profile_lo[j]) || isfinite(f->profile_hi[j])))
            json_put_pair(p, "ci95_profile", f->profile_lo[j], f->profile_hi[j]);
        cJSON_AddBoolToObject(p, "at_bound", f->best.at_bound >> j & 1);
        cJSON_AddBoolToObject(p, "identified", identified);
    }
    for (size_t i = 0; i < f->n_profiles; i++)
        put_profile(params, f, &f->profiles[i]);
    json_put(o, "objective", f->best.objective);
    json_put(o, "rms_log_error", f->rms_log);
    json_put(o, "holdout_error", f->holdout_error);
    json_put(o, "holdout_bias", f->holdout_bias);
    json_put(o, "holdout_error_best", f->holdout_best);
    json_put(o, "holdout_n", (double)f->holdout_n);
    put_held(o, f);
    json_put(o, "leave_one_budget_out_error", f->lobo_error);
    json_put(o, "aicc", f->aicc);
    json_put(o, "akaike_weight", f->weight);
    json_put(o, "selection_share", f->share);
    json_put(o, "resamples", (double)f->n_boot);
    json_put(o, "starts", (double)f->best.n_starts);
    json_put(o, "starts_at_optimum", (double)f->best.n_best);
    json_put(o, "optima", (double)f->best.n_optima);
    cJSON_AddBoolToObject(o, "converged", f->best.converged);
}

static void put_isoflop(cJSON *root, const struct fit_report *r)
{
    cJSON *a = cJSON_AddArrayToObject(root, "isoflop");
    for (size_t i = 0; i < r->isoflop.n; i++) {
        const struct fit_isoflop *f = &r->isoflop.at[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddItemToArray(a, o);
        json_put(o, "flops", f->flops);
        json_put(o, "n", (double)f->n);
        json_put(o, "n_opt", f->valid ? f->n_opt.value : (double)NAN);
        json_put(o, "d_opt", f->valid ? f->d_opt.value : (double)NAN);
        json_put(o, "loss", f->valid ? f->loss.value : (double)NAN);
        json_put_pair(o, "ci95", f->n_opt.lo, f->n_opt.hi);
        json_put_pair(o, "d_ci95", f->d_opt.lo, f->d_opt.hi);
        json_put(o, "n_opt_akima", f->n_opt_local);
        json_put_pair(o, "window", f->lo_n, f->hi_n);
        cJSON_AddBoolToObject(o, "at_edge", f->at_edge);
    }
    cJSON *e = cJSON_AddObjectToObject(root, "isoflop_exponents");
    put_value(e, "n_exponent", r->isoflop.n_exponent);
    put_value(e, "d_exponent", r->isoflop.d_exponent);
}

static void put_frontier(cJSON *root, const struct fit_report *r)
{
    cJSON *o = cJSON_AddObjectToObject(root, "frontier");
    if (!r->frontier.holds)
        return;
    cJSON_AddStringToObject(o, "of", r->frontier.of);
    put_value(o, "n_exponent", r->frontier.n_exponent);
    put_value(o, "d_exponent", r->frontier.d_exponent);
    cJSON *l = cJSON_AddObjectToObject(o, "loss");
    cJSON_AddStringToObject(l, "form", "E + k C^-g");
    put_value(l, "E", r->frontier.e);
    put_value(l, "k", r->frontier.k);
    put_value(l, "g", r->frontier.g);
    cJSON *c = cJSON_AddObjectToObject(o, "flops");
    cJSON_AddStringToObject(c, "form", "k N^p D");
    json_put(c, "k", r->cost.k);
    json_put(c, "p", r->cost.p);
}

static void put_method(cJSON *o, const char *name, struct fit_value n, struct fit_value d)
{
    cJSON *m = cJSON_AddObjectToObject(o, name);
    put_value(m, "n_exponent", n);
    put_value(m, "d_exponent", d);
}

static void put_methods(cJSON *root, const struct fit_report *r)
{
    cJSON *a = cJSON_AddArrayToObject(root, "exponents");
    for (size_t i = 0; i < r->methods.n; i++) {
        const struct fit_methods *m = &r->methods.at[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddItemToArray(a, o);
        cJSON_AddStringToObject(o, "count", fit_count_name(m->count));
        put_method(o, "parametric", m->law_n, m->law_d);
        put_method(o, "isoflop", m->isoflop_n, m->isoflop_d);
        put_method(o, "envelope", m->envelope.n_exponent, m->envelope.d_exponent);
        json_put(o, "envelope_crossings", (double)m->envelope.n_crossings);
        cJSON_AddStringToObject(o, "envelope_of", r->methods.envelope_of);
    }
}

/* Of the size whose loss rises again with data; null where none does. */
static void put_rise(cJSON *o, const struct turn_out *t)
{
    if (!t->found) {
        cJSON_AddNullToObject(o, "rise");
        return;
    }
    cJSON *x = cJSON_AddObjectToObject(o, "rise");
    json_put(x, "p", t->p);
    json_put(x, "params", t->size);
    json_put(x, "from", t->from);
    json_put(x, "to", t->to);
    json_put(x, "lowest_loss", t->low);
    json_put(x, "last_loss", t->end);
}

static void put_break(cJSON *o, const struct fit_report *r)
{
    static const char *const names[] = {"flops", "params", "tokens"};
    const struct breaks_out *b = &r->verdict.brk;
    const struct fit_law *f = fit_report_selected(r);
    cJSON *x = cJSON_AddObjectToObject(o, "break");
    cJSON_AddBoolToObject(x, "tested", b->tested);
    cJSON_AddBoolToObject(x, "found", b->found);
    json_put(x, "p", b->p);
    const char *variable = !b->tested || !f ? NULL : f->law->n_vars == 1 ? f->x_name : names[b->variable];
    if (variable)
        cJSON_AddStringToObject(x, "variable", variable);
    bool compute = variable && strcmp(variable, "flops") == 0;
    json_put(x, "flops", compute ? b->place.value : (double)NAN);
    put_value(x, "place", b->place);
    put_value(x, "exponent_change", b->change);
    json_put(x, "left_out_error", b->cv);
    json_put(x, "left_out_error_bent", b->cv_bent);
    put_rise(x, &b->turn);
}

static void put_part(cJSON *o, const char *key, struct fit_value v)
{
    cJSON *x = cJSON_AddObjectToObject(o, key);
    json_put(x, "value", v.value);
    json_put_pair(x, "ci95", v.lo, v.hi);
}

static void put_noise(cJSON *o, const struct fit_report *r)
{
    cJSON *x = cJSON_AddObjectToObject(o, "noise");
    json_put(x, "value", r->noise.sigma);
    json_put_pair(x, "ci95", r->noise.lo, r->noise.hi);
    json_put(x, "at_most", r->noise.sigma > 0 ? (double)NAN : r->noise.scatter);
    if (r->noise.split.cells > 0) {
        put_part(x, "init", r->noise.split.init);
        put_part(x, "order", r->noise.split.order);
        put_part(x, "rest", r->noise.split.rest);
    }
    if (isfinite(r->noise.heldout_se))
        put_part(x, "heldout", (struct fit_value){r->noise.heldout_se, (double)NAN, (double)NAN, (double)NAN});
    json_put_pair(o, "noise_ci95", r->noise.lo, r->noise.hi);
    cJSON_AddStringToObject(o, "noise_from", r->noise.from);
}

static void put_outliers(cJSON *o, const struct fit_report *r)
{
    cJSON *a = cJSON_AddArrayToObject(o, "outliers");
    for (size_t i = 0; i < r->odd.n; i++) {
        const struct fit_outlier *w = &r->odd.runs[i];
        cJSON *x = cJSON_CreateObject();
        cJSON_AddItemToArray(a, x);
        put_run(x, &w->at, w->row);
        json_put(x, "loss", w->loss);
        json_put(x, "expected", w->expected);
    }
}

static void put_protocol(cJSON *o, const struct fit_verdict *v)
{
    cJSON *a = cJSON_AddArrayToObject(o, "protocol");
    for (size_t i = 0; i < v->n_protocol; i++) {
        cJSON *x = cJSON_CreateObject();
        cJSON_AddItemToArray(a, x);
        cJSON_AddStringToObject(x, "name", v->protocol[i].name);
        cJSON_AddBoolToObject(x, "measured", v->protocol[i].measured);
        cJSON_AddStringToObject(x, "text", v->protocol[i].text);
    }
}

static void put_verdict(cJSON *root, const struct fit_report *r)
{
    const struct fit_verdict *v = &r->verdict;
    cJSON *o = cJSON_AddObjectToObject(root, "verdict");
    cJSON_AddBoolToObject(o, "enough", v->enough);
    if (v->withheld[0] != '\0')
        cJSON_AddStringToObject(o, "withheld", v->withheld);
    else
        cJSON_AddNullToObject(o, "withheld");
    cJSON_AddBoolToObject(o, "floor_supported", v->floor.supported);
    cJSON_AddBoolToObject(o, "floor_identified", v->floor.identified);
    put_value(o, "floor", v->floor.at);
    json_put_pair(o, "floor_over_laws", v->floor.laws_lo, v->floor.laws_hi);
    json_put(o, "floor_delta_aicc", v->floor.delta_aicc);
    json_put(o, "largest_flops", v->returns.largest);
    put_value(o, "loss", v->returns.loss);
    put_value(o, "gain_next_doubling", v->returns.gain);
    put_value(o, "gain_over_noise", v->returns.times);
    put_value(o, "doublings_to_halve_excess", v->returns.halving);
    put_noise(o, r);
    put_value(o, "flattens_at_flops", v->returns.flatten);
    cJSON_AddBoolToObject(o, "flattens_no_earlier", v->returns.flatten_at_least);
    put_outliers(o, r);
    put_break(o, r);
    put_protocol(o, v);
    put_lines(o, "lines", &v->lines);
    put_lines(o, "warnings", &r->warnings);
    if (!v->truth.known)
        return;
    cJSON *t = cJSON_AddObjectToObject(root, "truth");
    json_put(t, "floor", v->truth.floor);
    json_put(t, "floor_heldout", v->truth.heldout);
    cJSON_AddBoolToObject(t, "covered", v->truth.covered);
    cJSON_AddBoolToObject(t, "covered_over_laws", v->truth.covered_over_laws);
}

static void put_objective(cJSON *root, const struct fit_report *r)
{
    static const char *const names[] = {"huber", "lad", "lsq"};
    static const char *const scales[] = {"log loss", "loss", "log(1 + loss)"};
    cJSON *o = cJSON_AddObjectToObject(root, "objective");
    cJSON_AddStringToObject(o, "loss", names[r->obj.loss]);
    if (r->obj.loss == SOLVE_HUBER)
        json_put(o, "delta", r->obj.delta);
    if (r->obj.over > 0 && r->obj.over != 1)
        json_put(o, "over", r->obj.over);
    cJSON_AddStringToObject(o, "of", scales[r->obj.scale]);
}

enum status fit_json_report(char **json, const struct fit_report *r, struct err *err)
{
    size_t failures = json_memory_failures();
    cJSON *root = cJSON_CreateObject();
    json_put(root, "n", (double)r->n);
    cJSON_AddStringToObject(root, "count", fit_count_name(r->count));
    put_objective(root, r);
    cJSON *laws = cJSON_AddArrayToObject(root, "laws");
    for (size_t i = 0; i < r->laws.n; i++)
        put_law(laws, &r->laws.at[i]);
    const struct fit_law *f = fit_report_selected(r);
    if (f) {
        cJSON_AddStringToObject(root, "selected", f->law->name);
        cJSON_AddStringToObject(root, "selected_why", r->laws.selected_why);
    } else {
        cJSON_AddNullToObject(root, "selected");
    }
    put_isoflop(root, r);
    put_frontier(root, r);
    put_methods(root, r);
    put_verdict(root, r);
    put_lines(root, "notes", &r->notes);
    *json = cJSON_Print(root);
    cJSON_Delete(root);
    if (*json && json_memory_failures() == failures)
        return OK;
    cJSON_free(*json);
    *json = NULL;
    return err_set(err, E_NOMEM, "out of memory for fit.json");
}
