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

// Whether what is shown is still kept up.
const saysLive = (words) => {
  const live = document.getElementById('live');
  if (live && live.textContent !== words) live.textContent = words;
};
document.addEventListener('htmx:sendError', () => saysLive('connectd cannot be reached: what is shown may be old.'));
document.addEventListener('htmx:responseError', () => saysLive('connectd cannot answer: what is shown may be old.'));
document.addEventListener('htmx:afterRequest', (event) => { if (event.detail.successful) saysLive(''); });

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
