// What the three applications share: words, lights, times, sizes, icons, and the style they stand on.
export { createWords, explain, named, postWords, reasonWord, say, setLocale, storedLocale, translate, useT, word } from './i18n/i18n';
export type { MoreWords, Params, Translate } from './i18n/i18n';
export type { Locale, MessageKey, WordGroup } from './i18n/keys';
export { lightOf, YELLOW_SHARE } from './light';
export type { Clock, Light } from './light';
export { exactTime, GROUND_ZONE, localDate, localDay, localTime, msOf, timeAgo, timeLeft } from './time';
export { accuracy, countOf, distance, formatBytes, orNone, share, shorten } from './format';
export { setTextSize, storedTextSize } from './textSize';
export type { TextSize } from './textSize';
export { CAMPAIGN_ICONS, ICONS } from './icons/icons';
export type { IconName } from './icons/icons';
export { default as GwIcon } from './icons/GwIcon.vue';
export { default as LightMark } from './components/LightMark.vue';
