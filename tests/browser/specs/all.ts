import './offline_day.ts';
import './hardships.ts';
import './everybody.ts';
import './engine_faults.ts';
import './leader.ts';
