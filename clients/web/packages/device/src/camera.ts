// The camera inside the application: the system's camera would send the browser to the background, where phones with little memory
// kill it (clients.md 3.5).
import type { CameraOpening, OpenCamera } from './adapter';
import { picture } from './picture';

export async function openCamera(media: MediaDevices | undefined, secure: boolean, wallMs: () => number): Promise<CameraOpening> {
  if (!secure) return { ok: false, reason: 'insecure' };
  if (media?.getUserMedia === undefined) return { ok: false, reason: 'unsupported' };
  let stream: MediaStream;
  try {
    stream = await media.getUserMedia({
      audio: false,
      video: { facingMode: { ideal: 'environment' }, width: { ideal: 1920 }, height: { ideal: 1440 } },
    });
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  try {
    await video.play();
  } catch {
    // A page in the background may not play; shooting waits for the first frame itself.
  }
  return { ok: true, camera: cameraOf(stream, video, wallMs) };
}

function cameraOf(stream: MediaStream, video: HTMLVideoElement, wallMs: () => number): OpenCamera {
  const track = stream.getVideoTracks()[0];
  return {
    stream,
    hasTorch: (track?.getCapabilities?.() as { torch?: boolean } | undefined)?.torch === true,
    async shoot(watermark) {
      await firstFrame(video);
      const takenAtMs = wallMs();
      const taken = await picture(video, { width: video.videoWidth, height: video.videoHeight }, watermark, 'camera', takenAtMs);
      if (taken === null) throw new Error('the browser cannot encode a JPEG');
      return taken;
    },
    async setTorch(on) {
      try {
        await track?.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
        return track !== undefined;
      } catch {
        return false;
      }
    },
    close() {
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    },
  };
}

function firstFrame(video: HTMLVideoElement): Promise<void> {
  if (video.videoWidth > 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the camera gives no picture')), 8_000);
    video.addEventListener(
      'loadeddata',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
    void video.play().catch(() => undefined);
  });
}

function reasonOf(error: unknown): 'denied' | 'unsupported' | 'busy' {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'unsupported';
  }
}
