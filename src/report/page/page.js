'use strict';
/* What the reader does with a page. `plateau.refresh(element)` binds what lies in an element: the whole page at first, then
 * any section that was put in another's place. What was switched, sorted, filtered and slid is in plateau.state, by the
 * ids of the page, and is put back on what is bound. */
const plateau = (() => {
  const state = {};
  const binders = [];
  const of = id => state[id] = state[id] || {};
  const refresh = root => binders.forEach(b => b(root));
  return {state, of, binders, refresh};
})();
plateau.refresh(document);
