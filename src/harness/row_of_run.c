#include "harness/row_of_run.h"

#include <stdio.h>

enum status run_row_of(struct run_row *row, const struct run *r, const char *data_name, uint64_t data_fingerprint,
                       const char *isa, struct err *err)
{
    run_row_begin(row);
    row->d_model = (double)r->shape.C;
    row->n_layer = (double)r->shape.L;
    row->n_head = (double)r->shape.NH;
    row->ctx = (double)r->shape.T;
    row->vocab = (double)r->shape.V;
    row->params = r->params;
    row->params_nonembd = r->params_nonembd;
    row->params_matmul = r->params_matmul;
    row->tokens = r->cfg.train.tokens;
    row->flops = r->flops;
    row->flops_6nd = r->flops_6nd;
    row->batch_tokens = (double)r->cfg.train.batch_tokens;
    row->lr = r->cfg.train.lr;
    row->seed = (double)r->cfg.train.seed;
    row->epochs = r->epochs;
    row->warmup_tokens = r->cfg.train.warmup_tokens;
    if (r->params_active != r->params)
        row->params_active = r->params_active;
    row->teacher_flops = r->teacher_flops;
    if (r->teacher)
        row->teacher_train_flops = r->teacher->train_flops;
    snprintf(row->run, sizeof row->run, "%s", r->name);
    snprintf(row->trunk, sizeof row->trunk, "%s", r->trunk);
    snprintf(row->data, sizeof row->data, "%s", data_name);
    snprintf(row->isa, sizeof row->isa, "%s", isa);
    snprintf(row->data_fingerprint, sizeof row->data_fingerprint, "%016llx", (unsigned long long)data_fingerprint);
    return config_vary_text(row->varied, &r->cfg, r->varied, err);
}
