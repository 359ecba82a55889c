/* What a sweep's folder keeps of its own fit: fit.json, the charts that were drawn from it, and its page.
 *
 * charts.txt names the fit (by fit.json's checksum) and the charts, so that those of an earlier fit are seen for what
 * they are. */
#ifndef PLATEAU_CLI_KEEP_H
#define PLATEAU_CLI_KEEP_H

#include "cli/fitted.h"
#include "report/charts/charts.h"

/* Both for a fit that is the folder's own (f->own), after fitted_read. */

/* Write f->json to fit.json, unless that is what it holds. */
enum status keep_fit(struct fitted *f, struct err *err) WARN_UNUSED;

/* Were the charts that lie there drawn from the fit that fit.json holds, and are they all there? */
enum status keep_charts_current(bool *current, const struct fitted *f, struct err *err) WARN_UNUSED;
/* Draw them into the folder's charts/, and remove those of an earlier fit that this one does not draw, unless only some were
 * asked for. Their paths are printed where `tell`, else one line that names them. E_DATA where charts/ is a link: what a
 * folder holds lies inside it. */
enum status keep_charts(const struct fitted *f, const struct charts_how *how, bool tell, struct err *err) WARN_UNUSED;

/* Write the folder's report.html of that fit; with `tell` a line of the last screen names it. */
enum status keep_report(const struct fitted *f, bool tell, struct err *err) WARN_UNUSED;
/* Is it there, and of the fit that fit.json holds? */
enum status keep_report_current(bool *current, const struct fitted *f, struct err *err) WARN_UNUSED;

/* The charts into another folder, which keeps no note of them. */
enum status keep_draw(const struct fitted *f, const char *out, const struct charts_how *how, struct err *err) WARN_UNUSED;

#endif
