// Files that are put into the composer are taken in at once, so that what they come to is said before anything is
// sent: as soon as they are uploaded they are submitted without the words, which go back to where they were typed.

export default function () {
  window.parlanchinaComposer ??= setInterval(takeIn, 250);
}

let seen = 0; // chips at the last look: files that are still being added are waited for

function takeIn() {
  const composer = document.querySelector(".st-key-prompt");
  const chips = composer?.querySelectorAll('[data-testid="stFileChip"]').length ?? 0;
  const settled = chips > 0 && chips === seen;
  seen = chips;
  if (!settled || composer.querySelector('[role="progressbar"], [data-testid*="Error"], [data-testid*="Spinner"]')) return;
  const field = composer.querySelector("textarea");
  const button = composer.querySelector('[data-testid="stChatInputSubmitButton"]');
  if (!field || !button || button.disabled) return;
  const words = field.value;
  if (words) type(field, "");
  setTimeout(() => {
    button.click();
    seen = 0;
    if (words) setTimeout(() => type(field, words + field.value), 100);
  }, 50);
}

function type(field, words) {
  const setter = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set;
  setter.call(field, words); // React must hear of it as of typing
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
