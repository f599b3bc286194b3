import type { en } from '../en';
import { account } from './account';
import { customer } from './customer';
import { operator } from './operator';
import { planner } from './planner';
import { shell } from './shell';

/** The Danish catalogue; the compiler reports every key that English has and this has not. */
export const da: Record<keyof typeof en, string> = { ...shell, ...account, ...operator, ...planner, ...customer };
