/* A page that is kept up to date: asks the server what is new once a second, and puts new pieces in the old ones' places. */
(() => {
  const text = {}, el = id => document.getElementById(id), of = () => el('live-now').firstElementChild.dataset;
  const has = {...of()};
  let slow = 0, say = has.say, got = {}; /* the page as it was fetched last, while a part of it waits */
  const get = async url => {
    const r = await fetch(url, {cache: 'no-cache', signal: AbortSignal.timeout(8000)});
    if (!r.ok) throw new Error(r.status);
    return r.text();
  };
  /* Nobody's typing, and no open explanation, is taken away. */
  const busy = e => e.contains(document.activeElement) && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
  const put = (e, html) => {
    const open = [...e.querySelectorAll('details')].map(d => d.open), at = document.activeElement,
      focus = at && at.id && e.contains(at) && at.id;
    e.innerHTML = html;
    e.querySelectorAll('details').forEach((d, i) => d.open = d.open || !!open[i]);
    plateau.refresh(e);
    if (focus && el(focus)) el(focus).focus();
  };
  const piece = async (name, tag) => {
    if (has[name] === tag) return;
    put(el('live-' + name), await get('/live/' + name));
    has[name] = tag;
  };
  const sections = async tag => {
    if (has.page === tag) return;
    if (got.tag !== tag) got = {tag, d: new DOMParser().parseFromString(await get('/'), 'text/html')};
    let all = true;
    got.d.querySelectorAll('main > section').forEach(s => {
      const e = el(s.id);
      if (!e || text[s.id] === s.innerHTML) return;
      if (busy(e)) { all = false; return; }
      text[s.id] = s.innerHTML;
      put(e, s.innerHTML);
    });
    if (all) has.page = tag;
  };
  const tick = async () => {
    try {
      el('live-now').innerHTML = await get('/live/now');
      const d = of();
      document.title = d.title;
      if (say !== d.say) el('live-say').textContent = say = d.say;
      await piece('runs', d.runs);
      await piece('curves', d.curves);
      await sections(d.page);
      el('live-gone').hidden = true;
      slow = 0;
    } catch (e) {
      el('live-gone').hidden = false;
      slow = Math.min(slow + 1, 10);
    }
    setTimeout(tick, document.hidden ? 5000 : 1000 + 1000 * slow);
  };
  setTimeout(tick, 1000);
})();
