// While the seller's page is seen it asks whether there is something else to show, and shows that. It works without.
'use strict';

const every = 5000;
const patience = 10 * 60 * 1000; // after so long it asks only now and then
let asked = 0;
let asking = false; // one answer at a time: on a line that hangs, questions would stand before what the seller presses

// What there is to read. In a page that runs scripts what noscript holds is text, in one that was only parsed it is elements.
const read = (main) => {
  const copy = main.cloneNode(true);
  copy.querySelectorAll('noscript').forEach((n) => n.remove());
  return copy.textContent;
};

const show = (main, next) => {
  const changed = next.querySelector('main');
  if (read(changed) === read(main)) { // Stripe has only confirmed it
    main.dataset.live = changed.dataset.live;
    return;
  }
  const held = main.contains(document.activeElement);
  document.title = next.title;
  main.replaceWith(document.adoptNode(changed));
  if (held) changed.querySelector('h1').focus();
  const says = document.getElementById('changed');
  says.textContent = says.dataset.words;
};

const ask = async () => {
  const main = document.querySelector('main[data-live]');
  if (!main || document.hidden || asking) return;
  asking = true;
  try {
    const answer = await fetch(main.dataset.live, { cache: 'no-store', signal: AbortSignal.timeout(10000) });
    if (answer.status === 410) location.reload(); // the link has expired, and the page says how to get another
    if (answer.status === 200) show(main, new DOMParser().parseFromString(await answer.text(), 'text/html'));
  } catch {
    // The line is down, or hangs: the next time it may not.
  } finally {
    asking = false;
  }
};

document.addEventListener('visibilitychange', ask);
setInterval(() => {
  asked += 1;
  if (performance.now() < patience || asked % 6 === 0) ask();
}, every);
