import type { MountPanel, PanelApi } from 'cupboard/sdk/panel';
import { html, LitElement } from 'lit';
import './panel/drill.ts';
import './panel/flickr.ts';
import './panel/people.ts';
import './panel/restore.ts';
import './panel/targets.ts';

/** The page of photo-backup, put together from the parts in panel/. */
class PhotoBackupPanel extends LitElement {
  api!: PanelApi;

  /** In the page itself, so that its style sheet applies. */
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override render() {
    const { api } = this;
    return html`<div class="stack loose">
      <backup-targets .api=${api}></backup-targets>
      <div class="grid">
        <backup-drill .api=${api}></backup-drill>
        <backup-restore .api=${api}></backup-restore>
        <backup-people .api=${api}></backup-people>
        <backup-flickr .api=${api}></backup-flickr>
      </div>
    </div>`;
  }
}
customElements.define('photo-backup-panel', PhotoBackupPanel);

const mount: MountPanel = (element, api) => {
  const panel = new PhotoBackupPanel();
  panel.api = api;
  element.append(panel);
  return () => panel.remove();
};
export default mount;
