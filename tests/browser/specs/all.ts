import './engine_faults.ts';
