// 适老版: large type is what everybody gets; whoever wants more on a screen chooses the normal one. On top of it the type follows the
// browser's own setting, because every size is in rem.
export type TextSize = 'large' | 'normal' | 'huge';

const STORED = 'gridwarden.text';

export function storedTextSize(): TextSize {
  try {
    const size = localStorage.getItem(STORED);
    return size === 'normal' || size === 'huge' ? size : 'large';
  } catch {
    return 'large';
  }
}

/** Changes the size of the page and keeps the choice on this device. */
export function setTextSize(size: TextSize): void {
  document.documentElement.dataset.size = size;
  try {
    localStorage.setItem(STORED, size);
  } catch {
    // Holds until the page is closed.
  }
}
