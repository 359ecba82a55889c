'use strict';
/* What the reader does with a page. plateau.refresh(element) binds what lies in an element: all of the page at first, then
 * any section that was put in another's place. What was switched, sorted, filtered and slid is in plateau.of(id), by the
 * ids of the page, and is put back on what is bound. */
var plateau = (() => {
  const state = {}, binders = [], tip = document.getElementById('tip');
  const of = id => state[id] = state[id] || {};
  const all = (root, what) => [...root.querySelectorAll(what)];
  const refresh = root => { tip.hidden = true; binders.forEach(b => b(root)); };
  const within = (lo, hi, v) => Math.max(lo, Math.min(hi, v)), near = (v, to) => Math.abs(v - to) < .2;

  /* --- numbers, by the kinds of an axis: plain, count, power, per cent --- */
  const plain = (v, n = 4) => String(+v.toPrecision(n));
  function number(kind, v) {
    const a = Math.abs(v), [m, e] = v.toExponential(2).split('e');
    if (kind === 3) return plain(100 * v, 3) + ' %';
    if (a && (kind === 2 || a >= 1e12 || a < 1e-4))
      return (+m === 1 ? '' : +m + '×') + '10' + String(+e).replace(/./g, c => '⁰¹²³⁴⁵⁶⁷⁸⁹'[c] || '⁻');
    for (const [s, f] of [['B', 1e9], ['M', 1e6], ['k', 1e3]])
      if (a >= f && (kind === 1 || a >= 1e5)) return plain(v / f, 3) + s;
    return plain(v);
  }

  /* --- axes: [kind, from, to, [log, lo, hi, ticks], the same on the other scale]; k is 3 or 4 --- */
  function place(A, k, v) {
    const [log, lo, hi] = A[k], t = log ? v > 0 ? Math.log(v / lo) / Math.log(hi / lo) : -9 : (v - lo) / (hi - lo);
    return within(-4e3, 8e3, A[1] + t * (A[2] - A[1]));
  }
  function value(A, k, px) {
    const [log, lo, hi] = A[k], t = (px - A[1]) / (A[2] - A[1]);
    return log ? lo * (hi / lo) ** t : lo + t * (hi - lo);
  }
  /* Where what was drawn at px stands on scale k; what lies on the frame stays there. */
  const moved = (A, k, px) => k === 3 || near(px, A[1]) || near(px, A[2]) ? px : place(A, k, value(A, 3, px));

  function make(parent, name, attributes, text = '') {
    const e = parent.appendChild(document.createElementNS('http://www.w3.org/2000/svg', name));
    for (const k in attributes) e.setAttribute(k, attributes[k]);
    e.textContent = text;
    return e;
  }
  const points = e => e.getAttribute('points').split(' ').map(p => p.split(',').map(Number));
  const factor = e => +(/scale\(([\d.]+)/.exec(e.getAttribute('transform')) || [0, 1])[1];

  /* --- a chart --- */
  binders.push(root => all(root, '.plot').forEach(plot => {
    const fig = plot.parentNode, svg = plot.firstElementChild, d = svg.dataset, st = of(fig.id);
    const X = JSON.parse(d.x), Y = [d.y0, d.y1].filter(s => s).map(s => JSON.parse(s)), kx = () => st.x || 3, ky = p => st['y' + p] || 3;
    let seen, at = -1, ring;
    st.off = st.off || {};

    /* From where it was drawn (e.first) to where the scales of now have it. */
    function move(g) {
      const p = +(g.dataset.panel || (g.matches('.tags') && g.dataset.i) || 0);
      const fx = x => moved(X, kx(), x), fy = y => moved(Y[p], ky(p), y);
      for (const e of g.children)
        if (e.hasAttribute('points')) {
          const o = e.first = e.first || points(e), [xs, ys] = [0, 1].map(k => o.map(q => q[k]));
          const mid = v => (Math.min(...v) + Math.max(...v)) / 2, x = mid(xs), y = mid(ys), out = [];
          if (o.every(q => Math.abs(q[0] - x) < 4.5 && Math.abs(q[1] - y) < 4.5)) /* a small shape keeps its form */
            o.forEach(q => out.push([q[0] + fx(x) - x, q[1] + fy(y) - y]));
          else
            o.forEach((q, i) => { /* a straight line on one scale is a bent one on the other */
              const b = o[i - 1] || q, n = Math.ceil(Math.hypot(q[0] - b[0], q[1] - b[1]) / 8) || 1;
              for (let k = 1; k <= n; k++) out.push([fx(b[0] + (q[0] - b[0]) * k / n), fy(b[1] + (q[1] - b[1]) * k / n)]);
            });
          e.setAttribute('points', out.map(q => q.map(v => v.toFixed(1))).join(' '));
        } else if (e.hasAttribute('x')) {
          const k = factor(e), o = e.first = e.first || ['x', 'y'].map(a => k * e.getAttribute(a));
          e.setAttribute('x', (fx(o[0]) / k).toFixed(1));
          e.setAttribute('y', (fy(o[1]) / k).toFixed(1));
        }
      seen = null;
    }
    function axes() {
      const size = 10, ticks = (A, k) => A[k][3].map(([v, text]) => [place(A, k, v), text]);
      const say = (g, x, y, anchor, text) => g && make(g, 'text', {class: 'c0', x, y, 'font-size': size, 'text-anchor': anchor}, text);
      all(svg, '.axes,.x-ticks,.y-ticks').forEach(g => g.replaceChildren());
      Y.forEach((A, p) => {
        const one = c => svg.querySelector(c), names = one('.y-ticks[data-i="' + p + '"]'), last = p === Y.length - 1;
        const line = (c, ...q) => make(one('.axes[data-i="' + p + '"]'), 'polyline', {class: 'l c' + c, points: q});
        let taken = 1e9, right = -1e9;
        for (const [x, text] of ticks(X, kx())) {
          const half = text.length * size * .3;
          if (text) line(2, x, A[1], x, A[2]);
          if (last) line(1, x, A[1], x, A[1] + (text ? 4 : 2.5));
          if (last && text && x - half > right + 4) {
            right = x + half;
            say(one('.x-ticks'), x, A[1] + size + 7, 'middle', text);
          }
        }
        for (const [y, text] of ticks(A, ky(p))) {
          if (text) line(2, X[1], y, X[2], y);
          line(1, X[1] - (text ? 4 : 2.5), y, X[1], y);
          if (text && y < taken - size - 1) say(names, X[1] - 6.5, (taken = y) + .34 * size, 'end', text);
        }
        line(1, X[1], A[2], X[1], A[1], X[2], A[1]);
      });
    }
    function scale() {
      all(svg, '.series,.reference,.tags').forEach(move);
      axes();
    }
    function show() {
      all(svg, '.series,.reference').forEach(g => g.classList.toggle('off',
        !!(st.off[(g.matches('.series') ? 's' : 'r') + g.dataset.i] || st.off['c' + g.dataset.c])));
      all(fig, '[data-toggle]').forEach(b => b.ariaPressed = !st.off[b.dataset.toggle]);
      seen = null;
    }
    all(fig, '[data-toggle]').forEach(b => b.onclick = () => {
      st.off[b.dataset.toggle] = !st.off[b.dataset.toggle];
      show();
    });
    const box = document.createElement('p');
    box.className = 'switches';
    [['x', X], ['y0', Y[0]], ['y1', Y[1]]].forEach(([id, A]) => {
      if (!A || !A[4]) return;
      const b = box.appendChild(document.createElement('button'));
      const say = () => b.textContent = (id === 'y1' ? 'lower y' : id[0]) + ': ' + (A[st[id] || 3][0] ? 'log' : 'linear');
      b.className = 'box';
      b.title = 'Switch this axis between log and linear';
      b.onclick = () => { st[id] = 7 - (st[id] || 3); say(); scale(); };
      say();
    });
    plot.after(box);

    /* Points that can be read: marks, and corners of lines where a series has none. */
    function readable() {
      if (seen) return seen;
      seen = [];
      for (const g of all(svg, '.series:not(.off)')) {
        const p = +g.dataset.panel, A = Y[p], marks = all(g, 'use[data-v]'), from = seen.length;
        const add = (x, y, v, name) => x >= X[1] - 1 && x <= X[2] + 1 && y <= A[1] + 1 && y >= A[2] - 1 &&
          seen.push({x, y, v, p, of: g, say: [g.dataset.name, name].filter((s, i, a) => s && s !== a[i - 1])});
        for (const m of marks) add(factor(m) * m.getAttribute('x'), factor(m) * m.getAttribute('y'), m.dataset.v.split(' ').map(Number), m.dataset.p);
        if (!marks.length)
          all(g, 'polyline').forEach(l => points(l).forEach(([x, y]) => add(x, y, [value(X, kx(), x), value(A, ky(p), y)])));
        seen.push(...seen.splice(from).sort((a, b) => a.x - b.x));
      }
      return seen;
    }
    function hide() {
      tip.hidden = true;
      if (ring) ring.remove();
    }
    function tell(i) {
      const q = readable()[at = i], m = svg.getScreenCTM();
      hide();
      if (!q) return;
      const [x, y, ...ends] = q.v.map((v, k) => number(k ? Y[q.p][0] : X[0], v));
      tip.textContent = [...q.say, d.xl + ': ' + x, d['yl' + q.p] + ': ' + y + (ends[0] ? ' (95 %: ' + ends.join(' to ') + ')' : '')].join('\n');
      tip.hidden = false;
      ring = make(svg, 'circle', {class: 'ring', r: 7, cx: q.x, cy: q.y});
      const left = m.e + m.a * q.x, top = m.f + m.d * q.y, h = tip.offsetHeight;
      tip.style.left = within(4, innerWidth - tip.offsetWidth - 4, left + 14) + 'px';
      tip.style.top = (top + h + 18 > innerHeight ? top - h - 12 : top + 14) + 'px';
    }
    plot.onpointermove = plot.onpointerdown = ev => {
      const m = svg.getScreenCTM(), far = readable().map(q => Math.hypot(m.e + m.a * q.x - ev.clientX, m.f + m.d * q.y - ev.clientY));
      const least = far.reduce((a, b) => Math.min(a, b), 40);
      tell(far.indexOf(least));
    };
    plot.onpointerleave = plot.onblur = hide;
    /* Left and right along a series, up and down from one to the next. */
    plot.onkeydown = ev => {
      const list = readable(), step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[ev.key], old = list[at];
      if (ev.key === 'Escape') hide();
      if (!step || !list.length) return;
      ev.preventDefault();
      let i = old ? at + step : 0;
      if (old && /Up|Down/.test(ev.key)) while (list[i] && list[i].of === old.of) i += step;
      tell(within(0, list.length - 1, i));
    };
    fig.move = move;
    fig.axes = [X, Y[0]];
    show();
    if (st.x || st.y0 || st.y1) scale();
  }));

  /* --- the table of runs --- */
  binders.push(root => {
    const table = root.querySelector('#runs-table'), filter = root.querySelector('#runs-filter');
    if (!table) return;
    const st = of('runs'), body = table.tBodies[0], rows = [...body.rows], heads = all(table, 'th');
    const cell = (r, i) => { const c = r.cells[i]; return c.dataset.s ? +c.dataset.s : c.textContent; };
    function sort() {
      heads.forEach((h, i) => h.ariaSort = i !== st.column ? 'none' : st.down ? 'descending' : 'ascending');
      if (st.column >= 0) body.append(...rows.sort((a, b) => {
        const [x, y] = [a, b].map(r => cell(r, st.column));
        if (x === '' || y === '') return (x === '') - (y === '');
        return (st.down ? -1 : 1) * (x - y || String(x).localeCompare(y));
      }));
    }
    /* Words that a row has, or column<number, > or =. */
    function hit(row, word) {
      const m = /^(\w+)([<>=])(.+)$/.exec(word), i = m ? heads.findIndex(h => h.textContent === m[1]) : -1, v = i < 0 || cell(row, i);
      if (i < 0) return row.textContent.toLowerCase().includes(word.toLowerCase());
      return m[2] === '=' ? v === m[3] || v === +m[3] : v !== '' && (m[2] === '<' ? v < +m[3] : v > +m[3]);
    }
    function sift() {
      const words = filter.value.split(/\s+/).filter(w => w);
      rows.forEach(r => r.hidden = !words.every(w => hit(r, w)));
      root.querySelector('#runs-count').textContent = rows.filter(r => !r.hidden).length + ' of ' + rows.length + ' runs';
    }
    heads.forEach((h, i) => h.firstChild.onclick = () => {
      st.down = st.column === i && !st.down;
      st.column = i;
      sort();
    });
    filter.value = st.filter || '';
    filter.oninput = () => { st.filter = filter.value; sift(); };
    sort();
    sift();
  });

  /* --- what if --- */
  binders.push(root => {
    const panel = root.querySelector('#whatif-panel');
    if (!panel) return;
    const [laws, grid, N, D, ran, flops, speeds, sizes] =
      ['laws', 'grid', 'n', 'd', 'ran', 'flops', 'speeds', 'curves'].map(k => panel.dataset[k] && JSON.parse(panel.dataset[k]));
    const id = k => panel.querySelector('#whatif-' + k), st = of('whatif'), {at, top, unit, you} = panel.dataset;
    const fig = panel.querySelector('figure'), [X, Y] = fig.axes, M = 13, log = Math.log;
    const along = ([lo, hi], t) => lo * (hi / lo) ** t;
    const law = ([e, a, al, b, be, g], n, d) => e + ((a / n ** al) ** (1 / g) + (D ? (b / d ** be) ** (1 / g) : 0)) ** g;
    /* Loss, and the ends of a new run's interval, between the places where they are known. */
    function between(n, d) {
      const [i, j] = [[N, n], [D, d]].map(([R, v]) => R ? within(0, M - 1.001, (M - 1) * log(v / R[0]) / log(R[1] / R[0])) : 0);
      return [0, 1, 2].map(k => {
        let sum = 0;
        for (const a of [0, 1])
          for (const b of D ? [0, 1] : [0]) {
            const v = grid[((i | 0) + a) * (D ? M : 1) + (j | 0) + b][k];
            sum += (a ? i % 1 : 1 - i % 1) * (b ? j % 1 : 1 - j % 1) * (v > 0 ? log(v) : NaN);
          }
        return Math.exp(sum);
      });
    }
    function time(s) {
      const [f, u] = [[31536e3, 'years'], [86400, 'days'], [3600, 'h'], [60, 'min']].find(([f]) => s >= 2 * f) || [1, 's'];
      return plain(s / f, 2) + ' ' + u;
    }
    const inputs = ['n', 'd', 'e'].map(id).filter(e => e), put = (k, text) => id(k) && (id(k).textContent = text);
    function draw() {
      inputs.forEach(e => st[e.id] = e.value);
      const n = along(N, id('n').value / 1e3), d = D ? along(D, id('d').value / 1e3) : NaN;
      const k = id('e') ? id('e').value : at, own = laws && laws[k], [, lo, hi] = between(n, d);
      const loss = (a, b) => own ? law(own, a, b) : between(a, b)[0], l = loss(n, d), known = k === at && isFinite(lo + hi);
      const c = D && flops[0] * n ** flops[1] * d, core = [...speeds].sort((a, b) => Math.abs(log(a[0] / n)) - Math.abs(log(b[0] / n)))[0];
      put('n-value', number(D ? 1 : X[0], n));
      if (D) {
        put('d-value', number(1, d));
        put('flops', number(2, c) + ', ' + plain(c / top, 2) + ' times the largest run’s');
        put('ratio', number(1, d / n));
        put('time', core ? time(c / core[1]) : 'not known');
      }
      put('loss', plain(l) + unit);
      put('run', known ? plain(lo) + ' to ' + plain(hi) + unit : k === at ? 'not known' : 'known at the fitted floor alone');
      if (own) {
        put('e-value', plain(own[0], 3) + unit + (k === at ? ' (as fitted)' : ''));
        put('miss', plain(100 * own[6], 2) + ' % (' + plain(100 * laws[at][6], 2) + ' % at the fitted floor)');
      }
      put('far', n < ran[0] / 1.01 || n > ran[1] * 1.01 || D && (d < ran[2] / 1.01 || d > ran[3] * 1.01) ?
        'Outside what was run: an extrapolation.' : 'Within what was run.');
      const spot = (x, y) => [place(X, 3, x), place(Y, 3, y)], of = i => fig.querySelector('.series[data-i="' + i + '"]');
      sizes.forEach((size, i) => {
        of(i).firstElementChild.first = Array.from({length: 60}, (_, j) => along(D || N, j / 59)).map(x => spot(x, D ? loss(size || n, x) : loss(x)));
        fig.move(of(i));
      });
      const mark = of(you).firstElementChild, x = D ? d : n;
      mark.first = spot(x, l);
      mark.dataset.v = [x, l].concat(known ? [lo, hi] : []).join(' ');
      fig.move(of(you));
    }
    id('reset').onclick = () => { inputs.forEach(e => e.value = e.defaultValue); draw(); };
    inputs.forEach(e => { e.value = st[e.id] || e.value; e.oninput = draw; });
    draw();
  });

  /* --- what is open stays open; on paper all is --- */
  binders.push(root => all(root, 'details').forEach(e => {
    const st = of('open'), key = e.closest('section').id + e.firstElementChild.textContent;
    if (key in st) e.open = st[key];
    e.ontoggle = () => st[key] = e.open;
  }));
  addEventListener('beforeprint', () => all(document, 'details:not(.term)').forEach(e => e.open = true));
  return {state, of, refresh, binders};
})();
plateau.refresh(document);
