/** Which build this is; set by tools/app.ts. */
declare const __APP_BUILD__: string;
