// What the admin's pages do beyond htmx. They work without it.
'use strict';

// A page that nobody sees asks for nothing.
document.addEventListener('htmx:beforeRequest', (event) => {
  if (document.hidden && event.target.hasAttribute('data-live')) event.preventDefault();
});

// Addresses are short, so that they can be shared: fields that are empty, or as they are by default, are left out.
document.addEventListener('htmx:configRequest', (event) => {
  const { formData, elt } = event.detail;
  for (const [name, value] of [...formData]) if (value === '') formData.delete(name);
  const columns = formData.getAll('columns');
  if (columns.length === 0) return;
  formData.delete('columns');
  const chosen = columns.join(',');
  if (chosen !== elt.dataset.defaultColumns) formData.set('columns', chosen);
});

// What was typed has been asked for while it was: to leave the field asks no more, lest the answer take from somebody what they have
// gone on to.
document.addEventListener('change', (event) => {
  if (event.target.matches('.filter[hx-get] input[type=search]')) event.stopPropagation();
}, true);

// Whether what is shown is still kept up, and what was asked for.
const saysLive = (words) => {
  const live = document.getElementById('live');
  if (live && live.textContent !== words) live.textContent = words;
};
let missed = ''; // why what was asked for last is not shown, until something is that was asked for

// The sentence of an error's page.
const sentenceOf = (xhr) => new DOMParser().parseFromString(xhr.responseText, 'text/html').querySelector('main h1 + p')?.textContent;

const failed = ({ detail: { elt, target } }, words) => {
  if (target.id === 'acting') {
    const alert = document.createElement('p');
    alert.className = 'notice bad';
    alert.role = 'alert';
    alert.textContent = words + ' Please try again; a link that was made nevertheless does no harm.';
    target.replaceChildren(alert);
  } else if (elt.hasAttribute('data-live')) {
    saysLive(missed || words + ' What is shown may be old.');
  } else {
    missed = words + ' What is shown is not what you asked for: press Show to ask again.';
    saysLive(missed);
  }
};
document.addEventListener('htmx:sendError', (event) => failed(event, 'connectd cannot be reached.'));
document.addEventListener('htmx:responseError', (event) => {
  failed(event, sentenceOf(event.detail.xhr) || 'connectd cannot answer.');
});
document.addEventListener('htmx:afterRequest', ({ detail: { elt, successful } }) => {
  if (!successful) return;
  if (!elt.hasAttribute('data-live')) missed = '';
  saysLive(missed);
});

// Buttons that need scripts are hidden until there are some.
const reveal = () => { for (const element of document.querySelectorAll('[data-scripted]')) element.hidden = false; };
document.addEventListener('DOMContentLoaded', reveal);
document.addEventListener('htmx:afterSettle', reveal);

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Press Ctrl-C'; // a browser that lets no page write to its clipboard; the field is selected
  }
});

// One box picks all rows that are shown.
document.addEventListener('change', (event) => {
  if (!event.target.matches('[data-picks]')) return;
  for (const box of document.querySelectorAll('tbody input[type="checkbox"]')) box.checked = event.target.checked;
});

// The choice of columns covers what is behind it, so it closes when one leaves it.
document.addEventListener('keydown', (event) => {
  const open = event.key === 'Escape' && event.target.closest('details.columns[open]');
  if (!open) return;
  open.open = false;
  open.querySelector('summary').focus();
});
document.addEventListener('focusout', (event) => {
  const open = event.target.closest('details.columns[open]');
  if (open && event.relatedTarget && !open.contains(event.relatedTarget)) open.open = false;
});

// A form that is open stays where it is while what stands above it grows.
const beingFilled = () => {
  const forms = '#acting section, #notes details[open]';
  return document.activeElement.closest(forms) ?? document.querySelector(forms);
};
let stood; // the form that is open, and where it stood
document.addEventListener('htmx:beforeSwap', () => {
  const form = beingFilled();
  stood = form && { form, top: form.getBoundingClientRect().top };
});
document.addEventListener('htmx:afterSwap', () => {
  if (stood?.form.isConnected) scrollBy({ top: stood.form.getBoundingClientRect().top - stood.top, behavior: 'instant' });
  stood = undefined;
});

// What was opened stays open while the part of the page around it is renewed.
let opened = [];
document.addEventListener('htmx:beforeSwap', () => {
  opened = [...document.querySelectorAll('details[id][open]')].map((details) => details.id);
});
const reopen = () => {
  for (const id of opened) document.getElementById(id)?.setAttribute('open', '');
};
document.addEventListener('htmx:afterSwap', reopen);
document.addEventListener('htmx:oobAfterSwap', reopen);

// A table that is wider than the page stays where it was scrolled to.
const aside = new Map();
document.addEventListener('htmx:beforeSwap', () => {
  for (const { ariaLabel, scrollLeft } of document.querySelectorAll('.scroll')) aside.set(ariaLabel, scrollLeft);
});
document.addEventListener('htmx:afterSwap', () => {
  for (const list of document.querySelectorAll('.scroll')) list.scrollLeft = aside.get(list.ariaLabel) ?? 0;
});

// Keys. Whoever speaks to the computer, or can't keep a hand still, switches them off (WCAG 2.1.4).
const keysOff = 'connectd-keys-off';
const store = (() => { try { return window.localStorage; } catch { return undefined; } })(); // a browser may let no page keep anything
const singleKeysWork = () => store?.getItem(keysOff) !== 'yes';
document.addEventListener('DOMContentLoaded', () => {
  for (const box of document.querySelectorAll('[data-single-keys]')) box.checked = singleKeysWork();
});
document.addEventListener('change', (event) => {
  if (event.target.matches('[data-single-keys]')) store?.setItem(keysOff, event.target.checked ? 'no' : 'yes');
});

// Of an endpoint's types, who ticks one wants these alone, and who wants all none of them.
document.addEventListener('change', (event) => {
  const which = event.target.closest('.which');
  if (!which) return;
  const all = which.querySelector('[value="all"]');
  if (event.target.name === 'types' && event.target.checked) which.querySelector('[value="some"]').checked = true;
  if (event.target === all) which.querySelectorAll('[name="types"]').forEach((box) => { box.checked = false; });
});

const dialogOfKeys = () => document.getElementById('keys-dialog');
document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-opens]');
  if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  document.getElementById(opener.dataset.opens).showModal();
});

// The link of each row, and which of them has the focus.
const rowLinks = () => [...document.querySelectorAll('main tbody tr')].map((row) => row.querySelector('a[href]')).filter(Boolean);
const goToRow = (step) => {
  const links = rowLinks();
  const at = links.findIndex((link) => link.closest('tr').contains(document.activeElement));
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
  links[next]?.focus();
  links[next]?.scrollIntoView({ block: 'nearest' });
};
const keyed = {
  '/': () => { const box = document.querySelector('[data-find]'); box?.focus(); box?.select(); },
  '?': () => dialogOfKeys()?.showModal(),
  j: () => goToRow(1),
  k: () => goToRow(-1),
};
const typing = (element) => element.isContentEditable || element.matches('select, textarea, input:not([type="checkbox"], [type="radio"])');
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (typing(event.target) || document.querySelector('dialog[open]')) return;
  const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (arrow && event.target.closest('main tbody tr a[href]')) {
    event.preventDefault();
    goToRow(arrow);
  } else if (Object.hasOwn(keyed, event.key) && singleKeysWork()) {
    event.preventDefault();
    keyed[event.key]();
  }
});
