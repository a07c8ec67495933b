// Pins on the map: shape and colour both say the light. Drawn on the canvas, so that thousands cost nothing.
import * as L from 'leaflet';
import type { Light } from '@gridwarden/ui-shared';

export type PinShape = Light | 'source';

interface CanvasInside {
  _ctx: CanvasRenderingContext2D;
  _drawing: boolean;
  _fillStroke(ctx: CanvasRenderingContext2D, layer: L.Path): void;
}
interface MarkerInside {
  _point: L.Point;
  _radius: number;
  _renderer: { _updatePin(layer: Pin): void };
  _empty(): boolean;
}

const FILLS: Record<PinShape, string> = { green: '#0b5a2a', yellow: '#c27a00', red: '#98161b', grey: '#4d555e', source: '#0a4a8f' };

function trace(ctx: CanvasRenderingContext2D, shape: PinShape, { x, y }: L.Point, r: number): void {
  ctx.beginPath();
  switch (shape) {
    case 'red':
      ctx.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
      break;
    case 'yellow':
      ctx.moveTo(x, y - r * 1.2);
      ctx.lineTo(x + r * 1.15, y + r * 0.85);
      ctx.lineTo(x - r * 1.15, y + r * 0.85);
      ctx.closePath();
      break;
    case 'source':
      ctx.moveTo(x, y - r);
      ctx.lineTo(x + r, y);
      ctx.lineTo(x, y + r);
      ctx.lineTo(x - r, y);
      ctx.closePath();
      break;
    default:
      ctx.arc(x, y, r, 0, Math.PI * 2);
  }
}

L.Canvas.include({
  _updatePin(this: CanvasInside, layer: Pin) {
    const inner = layer as unknown as MarkerInside;
    if (!this._drawing || inner._empty()) return;
    trace(this._ctx, layer.shape, inner._point, Math.max(Math.round(inner._radius), 1));
    this._fillStroke(this._ctx, layer);
  },
});

/** A pin at a place. */
export class Pin extends L.CircleMarker {
  constructor(
    at: L.LatLngExpression,
    readonly shape: PinShape,
    /** Key of the record it stands for. */
    readonly key: string,
    radius: number,
  ) {
    super(at, { radius, color: '#ffffff', weight: 2, fillColor: FILLS[shape], fillOpacity: 1, fillRule: 'nonzero' });
  }

  /** Called by Leaflet whenever the pin has to be drawn. */
  _updatePath(): void {
    (this as unknown as MarkerInside)._renderer._updatePin(this);
  }
}
