import console from './console';
import review from './review';

export default { console, review };
