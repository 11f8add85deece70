import { applyTheme, themeChoice } from './shell/theme.ts';
import './shell/app.ts';

applyTheme(themeChoice());
