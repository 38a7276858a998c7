import { createRoot } from 'react-dom/client';
import { App } from './router.tsx';
import './design/tokens.css';
import './design/base.css';
import './design/components.css';

createRoot(document.getElementById('root')!).render(<App />);
