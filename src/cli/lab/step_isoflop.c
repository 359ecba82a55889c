/* (d) Each budget of compute at several sizes, each run at the rate of the law: where is the best size? */
#include "cli/lab/train.h"
#include "cli/lab/steps.h"

static void tell(struct note *n, const struct fit_report *r)
{
    struct note_table t = {.columns = 5};
    char a[128], b[128];
    size_t valid = 0, edge = 0;
    for (size_t i = 0; i < r->isoflop.n; i++) {
        valid += r->isoflop.at[i].valid;
        edge += r->isoflop.at[i].valid && r->isoflop.at[i].at_edge;
    }
    note_lead(n, "%zu of %zu budgets have a minimum between their sizes. The best size grows as C to the power of %s.",
              valid - edge, r->isoflop.n, note_interval(a, sizeof a, 2, &r->isoflop.n_exponent));
    for (const char *const *h = (const char *const[]){"C", "runs", "best size N*", "its tokens D*", "loss there", NULL}; *h; h++)
        note_cell(&t, "%s", *h);
    for (size_t i = 0; i < r->isoflop.n; i++) {
        const struct fit_isoflop *x = &r->isoflop.at[i];
        note_cell(&t, "%.2g", x->flops);
        note_cell(&t, "%zu", x->n);
        note_cell(&t, "%s%s", x->valid ? note_count_interval(a, sizeof a, &x->n_opt) : "no minimum",
                  x->valid && x->at_edge ? ", at the edge" : "");
        note_cell(&t, "%s", x->valid ? note_count_interval(b, sizeof b, &x->d_opt) : "-");
        if (x->valid)
            note_cell(&t, "%.4f", x->loss.value);
        else
            note_cell(&t, "-");
    }
    note_tell(n, &t);
    note_value(n, "n_exponent", &r->isoflop.n_exponent);
}

static enum status train(const struct lab *l, struct err *err)
{
    struct lab_cell cells[LAB_CELLS];
    struct lab_sweep w = {.name = "isoflop", .cells = cells};
    struct setup s;
    enum status st = lab_setup(&s, l, err);
    if (st == OK)
        st = lab_rate_law(&w.rate, l, err);
    if (st == OK) {
        w.n = lab_cells(cells, l, &s, l->scale.n_budgets, true);
        st = lab_train(l, &w, err);
    }
    setup_free(&s);
    return st;
}

enum status step_isoflop(struct lab *l, struct note *n, struct err *err)
{
    const struct fitted *f;
    TRY(train(l, err));
    enum status st = lab_fit_of(&f, l, err);
    if (st == OK)
        tell(n, &f->report);
    if (st == OK)
        st = lab_chart_of(n, f, "isoflop", err);
    return st;
}
