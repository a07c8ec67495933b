// Pictures: long side at most 1600 pixels, JPEG, the watermark drawn in. What comes out is what is hashed, stored and sent.
import type { TakenPhoto, WatermarkLines } from './adapter';

export const LONG_SIDE_MAX = 1600;
const QUALITY = 0.8;

/** The size that keeps the shape and fits the limit; never larger than the picture. */
export function fitted(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, LONG_SIDE_MAX / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

export async function picture(
  source: CanvasImageSource,
  size: { width: number; height: number },
  watermark: WatermarkLines,
  origin: TakenPhoto['origin'],
  takenAtMs: number,
): Promise<TakenPhoto | null> {
  const { width, height } = fitted(size.width, size.height);
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) return null;
  context.drawImage(source, 0, 0, width, height);
  drawWatermark(context, width, height, watermark.lines.slice(0, 4));
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
  // Gives the pixels back at once: phones with little memory hold only a few canvases.
  canvas.width = 0;
  canvas.height = 0;
  return blob === null ? null : { blob, contentType: 'image/jpeg', width, height, origin, takenAtMs };
}

/** White text on a dark band in the lower left corner: readable on snow and on tarmac. */
function drawWatermark(context: CanvasRenderingContext2D, width: number, height: number, lines: string[]): void {
  if (lines.length === 0) return;
  const text = Math.max(14, Math.round(Math.max(width, height) / 50));
  const line = Math.round(text * 1.4);
  const pad = Math.round(text * 0.5);
  context.font = `${text}px "PingFang SC", "HarmonyOS Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif`;
  context.textBaseline = 'top';
  const room = width - 4 * pad;
  const widest = Math.min(room, Math.max(...lines.map((each) => context.measureText(each).width)));
  const top = height - lines.length * line - 2 * pad;
  context.fillStyle = 'rgba(0, 0, 0, 0.55)';
  context.fillRect(0, top, widest + 2 * pad, height - top);
  context.fillStyle = '#fff';
  lines.forEach((each, i) => context.fillText(each, pad, top + pad + i * line, room));
}
