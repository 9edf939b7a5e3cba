// Under the pointer: the values of that place, in this chart and in those that share its time.
for (const plot of document.querySelectorAll('.plot')) {
  const group = plot.closest('.times')?.querySelectorAll('.plot') ?? [plot];
  const show = (event) => {
    const box = plot.getBoundingClientRect();
    const place = (event.clientX - box.left) / box.width * 1000;
    for (const each of group) {
      each.rows ??= JSON.parse(each.dataset.readout);
      if (!each.rows.length) continue;
      const row = each.rows.reduce((a, b) => Math.abs(b[0] - place) < Math.abs(a[0] - place) ? b : a);
      const cursor = each.querySelector('.cursor');
      cursor.hidden = false;
      cursor.style.left = row[0] / 10 + '%';
      each.parentNode.querySelector('.readout').textContent = row[1];
    }
  };
  plot.addEventListener('pointermove', show);
  plot.addEventListener('pointerdown', show);
}
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((each) => { each.open = true; }));
